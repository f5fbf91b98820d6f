"""
What a client needs to be let in: certificate, token, kubeconfig; kept in the data directory.

All three are made once and stay, so that a kubeconfig that was copied somewhere goes on working
after a restart (the port, too, as long as it is free). Whoever can read these files is the user:
they are written 0600 from the first byte.
"""

from __future__ import annotations

import base64
import os
import secrets
import ssl
from typing import TYPE_CHECKING

import yaml

from datacube_runtime.local.apiserver.server import HOST
from datacube_runtime.local.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o600
_TOKEN_BYTES = 32
_NAME = "datacube-local"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only the user can read, whole or not at all."""
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:  # noqa: PTH123 - Path.open cannot give the mode
        file.write(data)
    half.replace(path)


def token(directory: Path) -> str:
    """Return the bearer token of a data directory, made on first use."""
    path = directory / "token"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(_TOKEN_BYTES).encode())
    return path.read_text()


def certificate(directory: Path) -> Path:
    """Return the file that holds the certificate and its key, made on first use."""
    path = directory / "tls.pem"
    if not path.exists():
        write_private(path, self_signed())
    return path


def server_context(pem: Path) -> ssl.SSLContext:
    """Return what TLS needs to serve with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def kubeconfig(port: int, pem: bytes, bearer: str) -> bytes:
    """Return a kubeconfig that pins the certificate and carries the token."""
    public = pem[pem.index(b"-----BEGIN CERTIFICATE-----") :]
    cluster = {
        "server": f"https://{HOST}:{port}",
        "certificate-authority-data": base64.b64encode(public).decode(),
    }
    context = {"cluster": _NAME, "user": _NAME, "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": {"token": bearer}}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    return yaml.safe_dump(config, sort_keys=False).encode()
