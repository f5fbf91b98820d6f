"""
The environment of every Git process, built from nothing. Pure.

No configuration of the machine or of a user is read, nobody is asked for a password, and no
protocol but HTTP is spoken. Of the author's variables only proxies and certificate authorities get
in: others (``GIT_SSH_COMMAND``, ``GIT_TRACE``, ``LD_PRELOAD``) could run or reveal something.

The credential is in one variable, read by a helper that is configured for one server only: another
host, met by a redirect or named in the repository, is not answered. No ``GIT_ASKPASS``: it answers
everybody.

Source: "Secrets hygiene" of the engine measurements; git(1), gitcredentials(7).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from datacube_runtime.transfer.network import authorities, proxies

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_runtime.transfer.git.url import Remote

Pairs = tuple[tuple[str, str], ...]

_AUTHORITIES = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_USERNAME, _PASSWORD = "TRANSFER_GIT_USERNAME", "TRANSFER_GIT_PASSWORD"
_HELPER = (
    '!f() { test "$1" = get || return 0; '
    f'printf "username=%s\\npassword=%s\\n" "${_USERNAME}" "${_PASSWORD}"; }}; f'
)
_FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "http:https",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # Who moved a ref, as the reflog has it. The uid of the pod may have no name.
    "GIT_COMMITTER_NAME": "datacube-transfer",
    "GIT_COMMITTER_EMAIL": "datacube-transfer@localhost",
    "LC_ALL": "C",  # what is read of Git's output is read in English
}
_SETTINGS: Pairs = (
    ("credential.helper", ""),  # resets the list: no helper before ours is asked
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("protocol.version", "2"),
    ("gc.auto", "0"),  # nothing runs on after we have ended
    ("maintenance.auto", "false"),
    # Writing the files takes most of a clone; one process waits for the disk, and for a network's.
    ("checkout.workers", "4"),
    ("advice.detachedHead", "false"),
    # Submodules are other repositories, and one that lies in the volume has a configuration.
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("diff.ignoreSubmodules", "all"),
    # A connection over which nothing comes for five minutes is dead.
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "300"),
)


def git_environment(
    variables: Mapping[str, str], private: Path, remote: Remote, settings: Pairs = ()
) -> dict[str, str]:
    """Return the environment; ``settings`` are configuration that goes last and wins."""
    environment = {
        "PATH": variables.get("PATH", os.defpath),
        "HOME": str(private),
        "TMPDIR": str(private),
        **_FIXED,
        **proxies(variables),
        **_authorities(variables),
    }
    pairs = (*_SETTINGS, *settings)
    if remote.credential:
        environment[_USERNAME] = remote.credential.username
        environment[_PASSWORD] = remote.credential.password
        pairs = (*pairs, (f"credential.{remote.server}.helper", _HELPER))
    return {**environment, **_configuration(pairs)}


def _authorities(variables: Mapping[str, str]) -> dict[str, str]:
    """
    Return where Git finds certificate authorities.

    libcurl reads ``SSL_CERT_FILE`` only when it is built on OpenSSL; people do not write it with
    that in mind.
    """
    own = {name: value for name in _AUTHORITIES if (value := variables.get(name))}
    known = authorities(variables)
    if file := known.get("SSL_CERT_FILE"):
        own.setdefault("GIT_SSL_CAINFO", file)
    return {**known, **own}


def _configuration(pairs: Pairs) -> dict[str, str]:
    numbered = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for index, (key, value) in enumerate(pairs):
        numbered |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return numbered
