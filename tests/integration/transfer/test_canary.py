"""The look for credentials that every run of the program gets does find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.git_server import GitServer
from tests.integration.transfer.canary import credentials

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("leak", "where"),
    [
        ('sh -c "sleep 0.3" "$TRANSFER_GIT_PASSWORD"', "in argv"),
        ('FOUND="$TRANSFER_GIT_PASSWORD" sleep 0.3', "in the variable FOUND"),
        ('printf %s "$TRANSFER_GIT_PASSWORD" > "{volume}/leak"', "volume/leak"),
    ],
)
def test_a_leak_is_found(
    make_program: Any, tmp_path: Path, token: str, leak: str, where: str
) -> None:
    program = make_program("git", TOKEN=token)
    program.wrap("git", leak.format(volume=program.volume) + '\nreal "$@"')
    with GitServer(tmp_path / "server", token) as server:
        server.create("models")
        with pytest.raises(AssertionError, match=where):
            program.download(URL=f"{server.url}/models.git")


def test_what_counts_as_a_credential() -> None:
    variables = {
        "TOKEN": "token-of-somebody\n",
        "URL": "https://who:password-in-url@h/a.git",
        "S3_SECRET_ACCESS_KEY": "short",
        "S3_ACCESS_KEY_ID": "AKIDENTIFIER",
    }
    assert credentials(variables) == {"token-of-somebody", "password-in-url"}
