"""Servers and repositories that are not the common case."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from demo.git_server import GitServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def secure_url(origin: Any, authority: Path, token: str) -> Iterator[str]:
    """The repository `models` over https, under a certificate that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    with GitServer(origin.bare.parent, token, tls=context) as server:
        yield f"{server.url}/models.git"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "GIT_SSL_CAINFO"])
def test_a_private_authority_is_trusted_where_the_author_says_so(
    program: Any, secure_url: str, authority: Path, volume: Path, variable: str
) -> None:
    ended = program.download(URL=secure_url, **{variable: str(authority)})
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "a.txt").read_text() == "one"


def test_an_unknown_authority_is_not_trusted(program: Any, secure_url: str, volume: Path) -> None:
    ended = program.download(URL=secure_url)
    assert ended.reason == "NetworkError"
    assert "certificate" in ended.message
    assert list(volume.iterdir()) == []


def test_repositories_with_sha256_names_are_transferred(
    program: Any, server: Any, person: Any, volume: Path, tmp_path: Path
) -> None:
    bare, work = server.create("long"), tmp_path / "long"
    person.git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256", str(bare) + "2")
    for path in ("config", "HEAD"):
        (bare / path).write_text((bare.parent / f"{bare.name}2" / path).read_text())
    person.git(bare, "config", "http.receivepack", "true")
    person.git(tmp_path, "init", "--quiet", "--object-format=sha256", "-b", "main", str(work))
    commit = person.commit(work, "a.txt", "one")
    person.git(work, "push", "--quiet", str(bare), "main")
    url = f"{server.url}/long.git"
    ended = program.download(URL=url, REF="main")
    assert (ended.reason, ended.result.get("commit")) == ("TransferSucceeded", commit)
    newer = person.commit(work, "a.txt", "two")
    person.git(work, "push", "--quiet", str(bare), "main")
    assert program.download(URL=url, REF="main").result["commit"] == newer
    mine = person.commit(volume / "long", "b.txt", "mine")
    assert program.upload(URL=url).result["commit"] == mine
