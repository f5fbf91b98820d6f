from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING

import pytest
import yaml

from datacube_runtime.local import access
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import Catalog
from datacube_runtime.local.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    token = access.token(tmp_path)
    assert len(token) > 40
    assert access.token(tmp_path) == token
    assert mode(tmp_path / "token") == 0o600


def test_the_certificate_is_made_once_and_private(tmp_path: Path) -> None:
    path = access.certificate(tmp_path, self_signed)
    before = path.read_bytes()
    assert access.certificate(tmp_path, self_signed).read_bytes() == before
    assert mode(path) == 0o600
    assert isinstance(access.server_context(path), ssl.SSLContext)


def test_the_kubeconfig_pins_the_certificate_and_leaves_the_key_at_home(tmp_path: Path) -> None:
    pem = access.certificate(tmp_path, self_signed).read_bytes()
    config = yaml.safe_load(access.kubeconfig(1234, pem, "canary"))
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"])
    assert cluster["server"] == "https://127.0.0.1:1234"
    assert authority.startswith(b"-----BEGIN CERTIFICATE-----")
    assert b"PRIVATE" not in authority
    assert config["users"][0]["user"] == {"token": "canary"}
    assert config["contexts"][0]["context"]["namespace"] == "default"


def test_a_private_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    access.write_private(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("pods", ("pods", None, "", "")),
        ("namespaces/n/pods", ("pods", "n", "", "")),
        ("namespaces/n/pods/p", ("pods", "n", "p", "")),
        ("namespaces/n/pods/p/status", ("pods", "n", "p", "status")),
        ("namespaces/n/pods/p/log", ("pods", "n", "p", "log")),
        ("namespaces", ("namespaces", None, "", "")),
        ("namespaces/n", ("namespaces", None, "n", "")),
        ("namespaces/n/pods/", ("pods", "n", "", "")),
    ],
)
def test_paths_are_understood(rest: str, expected: tuple[str, str | None, str, str]) -> None:
    found = target(Catalog(), "", "v1", rest)
    assert (found.resource.plural, found.namespace, found.name, found.subresource) == expected


@pytest.mark.parametrize(
    "rest",
    [
        "nothing",
        "pods/p",
        "namespaces/n/pods/p/nonsense",
        "namespaces/n/secrets/s/status",
        "namespaces/n/pods/p/log/more",
        "namespaces//pods",
        "namespaces/n/namespaces/m",
    ],
)
def test_other_paths_lead_nowhere(rest: str) -> None:
    with pytest.raises(ApiStatusError) as caught:
        target(Catalog(), "", "v1", rest)
    assert caught.value.code == 404
