"""
The environment of the process that uses huggingface_hub, built from nothing. Pure.

The token is in one variable and nowhere else; the library finds no token file, for its home is the
transfer's private directory. Of the author's variables those get in that only tune, beside proxies
and certificate authorities: ``HF_DEBUG`` would show the token, others would redirect or switch off.

Large files come by plain HTTP unless xet is asked for. xet needs 0.6 to 0.9 GiB for a file of
1 GiB, HTTP 0.1 GiB, and pods have limits; what arrives is verified either way. A file that the hub
does not hand out by HTTP, being over 50 GB, comes by xet in any case.

Source: "huggingface_hub against the test hub" of the engine measurements; "Environment variables"
of the library's manual; ``MAX_HTTP_DOWNLOAD_SIZE`` in its constants.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import datacube_runtime
from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.network import authorities, proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.huggingface.repo import Repo

_HTTP_LIMIT_BYTES = 50 * 1000**3

_NO_XET, _FAST_XET = "HF_HUB_DISABLE_XET", "HF_XET_HIGH_PERFORMANCE"
_TIMEOUTS = ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_FIXED = {
    "LC_ALL": "C.UTF-8",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_VERBOSITY": "error",
    "HF_XET_CHUNK_CACHE_SIZE_BYTES": "0",  # the private directory is not the place for 10 GB
}


def worker_environment(
    variables: Mapping[str, str], private: Path, repo: Repo, token: str, *, xet: bool
) -> dict[str, str]:
    """Return the environment."""
    return {
        "PATH": variables.get("PATH", os.defpath),
        "PYTHONPATH": str(Path(datacube_runtime.__path__[0]).parent),  # the same code as here
        "HOME": str(private),
        "TMPDIR": str(private),
        "HF_HOME": str(private / "huggingface"),
        "HF_ENDPOINT": repo.endpoint,
        **_FIXED,
        **_timeouts(variables),
        **({} if xet else {_NO_XET: "1"}),
        **({_FAST_XET: "1"} if xet and _is_on(variables, _FAST_XET) else {}),
        **({"HF_TOKEN": token} if token else {}),
        **proxies(variables),
        **authorities(variables),
    }


def wants_xet(variables: Mapping[str, str], largest_bytes: int = 0) -> bool:
    """
    Tell whether xet is to be used.

    :raises TransferError: InvalidOption; a variable is neither on nor off.
    """
    if variables.get(_NO_XET):
        return not _is_on(variables, _NO_XET)
    return _is_on(variables, _FAST_XET) or needs_xet(largest_bytes)


def needs_xet(size: int) -> bool:
    """Tell whether a file comes by xet only."""
    return size > _HTTP_LIMIT_BYTES


def may_use_xet(variables: Mapping[str, str]) -> bool:
    """
    Tell whether xet may be used for a file that needs it.

    :raises TransferError: InvalidOption; the variable is neither on nor off.
    """
    return not _is_on(variables, _NO_XET)


def _is_on(variables: Mapping[str, str], name: str) -> bool:
    value = variables.get(name, "").strip().lower()
    if value and value not in _TRUE | _FALSE:
        raise invalid(name, "must be 1 or 0")
    return value in _TRUE


def _timeouts(variables: Mapping[str, str]) -> dict[str, str]:
    given = {name: value for name in _TIMEOUTS if (value := variables.get(name, "").strip())}
    for name, value in given.items():
        if not value.isascii() or not value.isdigit() or not int(value):
            raise invalid(name, "must be a number of seconds")
    return given
