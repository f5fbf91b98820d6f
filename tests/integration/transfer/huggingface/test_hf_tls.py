from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from demo.hub_server import HubServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def secure(tmp_path: Path, authority: Path, token: str) -> Iterator[HubServer]:
    """A hub over https, under a certificate that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    (tmp_path / "secure").mkdir()
    with HubServer(tmp_path / "secure", token, tls=context) as hub:
        made = hub.store.create("team/secure", private=True)
        hub.store.add(made, {"w.bin": b"w" * 300_000}, large=True)
        yield hub


def test_a_private_authority_is_trusted_where_the_author_says_so(
    program: Any, secure: HubServer, authority: Path
) -> None:
    program.variables |= {"HF_ENDPOINT": secure.url, "SSL_CERT_FILE": str(authority)}
    ended = program.download(REPO="team/secure", sub_path="d")
    assert ended.code == 0, ended.everything
    assert (program.volume / "d/w.bin").read_bytes() == b"w" * 300_000
    ended = program.upload(REPO="team/new", sub_path="d")
    assert ended.code == 0, ended.everything
    assert set(secure.store.repositories["models", "team/new"].branches["main"][-1].files) == {
        "w.bin"
    }


def test_an_unknown_authority_is_not_trusted(program: Any, secure: HubServer) -> None:
    ended = program.download(REPO="team/secure", HF_ENDPOINT=secure.url)
    assert (ended.code, ended.reason) == (75, "NetworkError")
    assert "certificate" in ended.message
    assert [who for _, who in secure.requests] == []
    assert list(program.volume.iterdir()) == []
