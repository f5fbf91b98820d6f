from __future__ import annotations

import base64
import http.client
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

INFO = "/models.git/info/refs?service=git-upload-pack"


@pytest.fixture
def ask(server: Any, token: str) -> Callable[..., tuple[int, str, str]]:
    """Send one request; return status, challenge and body."""

    def send(path: str, user_info: str | None = f"any:{token}", method: str = "GET") -> Any:
        host = server.url.removeprefix("http://")
        headers = {}
        if user_info is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(user_info.encode()).decode()}"
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            challenge = answer.headers.get("WWW-Authenticate", "")
            return answer.status, challenge, answer.read().decode(errors="replace")
        finally:
            connection.close()

    return send


@pytest.mark.usefixtures("origin")
def test_the_token_is_the_password_of_any_user(ask: Any) -> None:
    status, _, body = ask(INFO)
    assert status == 200
    assert "service=git-upload-pack" in body


@pytest.mark.usefixtures("origin")
@pytest.mark.parametrize("user_info", [None, "any:wrong", "any:", "", "canary-4711-Zq9:"])
def test_nobody_else_comes_in(ask: Any, user_info: str | None) -> None:
    for path in (INFO, "/nope.git/info/refs", "/"):
        status, challenge, body = ask(path, user_info)
        assert (status, challenge.split()[0]) == (401, "Basic")
        assert "models" not in body


@pytest.mark.parametrize(
    "path", ["/nope.git/info/refs", "/", "/../etc/info/refs", "/%2e%2e/%2e%2e/etc/info/refs"]
)
def test_what_is_not_there_is_not_found(ask: Any, path: str) -> None:
    status, _, body = ask(path)
    assert status == 404
    assert "no such repository" in body


def test_a_repository_outside_of_the_root_is_not_served(ask: Any, origin: Any, server: Any) -> None:
    assert origin.bare.is_relative_to(origin.bare.parent)
    moved = origin.bare.parent.parent / "outside.git"
    origin.bare.rename(moved)
    origin.bare.symlink_to(moved)
    assert server.url
    assert ask(INFO)[0] == 404


def test_the_program_serves_until_it_is_told_to_stop(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(f"{token}\n")
    argv = ["--root", str(tmp_path), "--token-file", str(tmp_path / "token")]
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.git_server", *argv],
        cwd=Path(__file__).resolve().parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    url = process.stdout.readline().strip()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", INFO)
    assert connection.getresponse().status == 401
    connection.close()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (0, "")
