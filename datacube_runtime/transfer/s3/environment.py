"""
The environment of every rclone process, built from nothing. Pure.

rclone takes each of its settings from the environment, so its remote ``s`` is made of variables and
no configuration file is read: nothing of the credential is in argv or on disk. Of the author's
variables only proxies and certificate authorities get in; ``RCLONE_*`` could redirect, reveal
(``RCLONE_DUMP``) or run (``RCLONE_PASSWORD_COMMAND``) something, ``AWS_*`` are for other programs.

Source: "Secrets hygiene" of the engine measurements; https://rclone.org/docs/#config-file and
https://rclone.org/s3/.
"""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.network import CONTROL, authorities, proxies, service_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_runtime.transfer.request import Request

_SECRETS = ("s3-access-key-id", "s3-secret-access-key", "s3-session-token")
_SWITCH = {"": False, "false": False, "true": True}
_MEMORY = "160MiB"
"""Where Go's collector begins to work harder; rclone stays well below 256 MiB in all."""


@dataclass(frozen=True)
class Service:
    """Where to go, and who to be there; AWS itself where ``endpoint`` is empty."""

    endpoint: str = ""
    region: str = ""
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    no_check_bucket: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks: public buckets need no keys."""
        return not self.access_key_id

    def __str__(self) -> str:
        """Name it for people."""
        return self.endpoint or "AWS"


def read_service(request: Request) -> Service:
    """
    Return what the options say.

    :raises TransferError: InvalidOption, naming the option, never showing a credential.
    """
    key_id, secret, token = (_credential(request, name) for name in _SECRETS)
    if bool(key_id) != bool(secret):
        missing, there = _SECRETS[:2] if secret else _SECRETS[1::-1]
        raise invalid(missing, f"is missing beside {there}: give both, or none for a public bucket")
    switch = request.option("s3-no-check-bucket").lower()
    if switch not in _SWITCH:
        raise invalid("s3-no-check-bucket", 'must be "true" or "false"')
    return Service(
        endpoint=_endpoint(request.option("s3-endpoint")),
        region=request.option("s3-region"),
        access_key_id=key_id,
        secret_access_key=secret,
        session_token=token,
        no_check_bucket=_SWITCH[switch],
    )


def rclone_environment(
    variables: Mapping[str, str], private: Path, service: Service
) -> dict[str, str]:
    """Return the environment; the rclone that was installed with us is found in any case."""
    path = variables.get("PATH", os.defpath)
    remote = {
        "TYPE": "s3",
        "PROVIDER": "Other" if service.endpoint else "AWS",
        "ENDPOINT": service.endpoint,
        "REGION": service.region,
        "ACCESS_KEY_ID": service.access_key_id,
        "SECRET_ACCESS_KEY": service.secret_access_key,
        "SESSION_TOKEN": service.session_token,
        "ENV_AUTH": "false",
        "FORCE_PATH_STYLE": "true" if service.endpoint else "false",
        "NO_CHECK_BUCKET": "true" if service.no_check_bucket else "false",
    }
    return {
        "PATH": f"{path}{os.pathsep}{sysconfig.get_path('scripts')}",
        "HOME": str(private),
        "TMPDIR": str(private),
        "LC_ALL": "C",
        "GOMEMLIMIT": _MEMORY,
        "GOTRACEBACK": "none",  # a crash prints no memory, and dumps none
        "RCLONE_CONFIG": os.devnull,
        **{f"RCLONE_CONFIG_S_{name}": value for name, value in remote.items() if value},
        **proxies(variables),
        **authorities(variables),
    }


def _credential(request: Request, name: str) -> str:
    value = request.option(name)
    if CONTROL.search(value):
        raise invalid(name, "holds white space or a control character inside")
    return value


def _endpoint(text: str) -> str:
    """Return the URL of the service; without a scheme it is https, as rclone has it."""
    if not text:
        return ""
    return service_url("s3-endpoint", text if "://" in text else f"https://{text}")
