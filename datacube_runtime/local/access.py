"""
What a client needs to be let in: certificate, token, kubeconfig; kept in the data directory.

All three are made once and stay, so that a kubeconfig that was copied somewhere goes on working
after a restart (the port, too, as long as it is free). Whoever can read these files is the user:
they are written 0600 from the first byte.
"""

from __future__ import annotations

import base64
import secrets
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import yaml

from datacube_runtime.local.apiserver.server import HOST
from datacube_runtime.local.files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TOKEN_BYTES = 32
_NAME = "datacube-local"


def token(directory: Path) -> str:
    """Return the bearer token of a data directory, made on first use."""
    path = directory / "token"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(_TOKEN_BYTES).encode())
    return path.read_text()


def made_apart() -> bytes:
    """Return a new certificate, from a process that ends: cryptography would stay, with 10 MB."""
    words = [sys.executable, "-m", "datacube_runtime.local.tls"]
    return subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603 - ours


def certificate(directory: Path, make: Callable[[], bytes] = made_apart) -> Path:
    """Return the file that holds the certificate and its key, made on first use."""
    path = directory / "tls.pem"
    if not path.exists():
        write_private(path, make())
    return path


def server_context(pem: Path) -> ssl.SSLContext:
    """Return what TLS needs to serve with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def address(port: int) -> str:
    """Return where the API is."""
    return f"https://{HOST}:{port}"


def kubeconfig(port: int, pem: bytes, bearer: str) -> bytes:
    """Return a kubeconfig that pins the certificate and carries the token."""
    public = pem[pem.index(b"-----BEGIN CERTIFICATE-----") :]
    cluster = {
        "server": address(port),
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
