from __future__ import annotations

import os
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


def test_a_wrong_token_is_said_and_not_shown(program: Any, origin: Any) -> None:
    ended = program.download(URL=origin.url, TOKEN="wrong-token-8812")
    assert (ended.code, ended.reason) == (77, "AuthenticationFailed")
    assert "did not accept the token" in ended.message
    assert "wrong-token-8812" not in ended.everything


def test_a_missing_token_is_said(program: Any, origin: Any) -> None:
    ended = program.download(URL=origin.url, TOKEN="")
    assert (ended.code, ended.reason) == (77, "AuthenticationFailed")
    assert "add the option token" in ended.message


def test_a_token_that_may_only_read_is_said(program: Any, origin: Any, volume: Any) -> None:
    program.download(URL=origin.url)
    origin.person.commit(volume / "models", "mine.txt", "mine")
    origin.person.git(origin.bare, "config", "http.receivepack", "false")
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (77, "PermissionDenied")
    assert "403" in ended.message


def test_a_repository_that_is_not_there_is_said(program: Any, server: Any) -> None:
    ended = program.download(URL=f"{server.url}/nope.git")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert f"{server.url}/nope.git" in ended.message


@pytest.mark.parametrize("ref", ["nope", "deadbeef", "0" * 40, "refs/heads/nope", "a*", "main~1"])
def test_an_unknown_ref_is_named(program: Any, origin: Any, volume: Any, ref: str) -> None:
    ended = program.download(URL=origin.url, REF=ref)
    assert (ended.code, ended.reason) == (66, "RevisionNotFound")
    assert f"{ref!r}" in ended.message
    assert list(volume.iterdir()) == []


def test_an_unknown_ref_leaves_what_was_there(program: Any, origin: Any, volume: Any) -> None:
    program.download(URL=origin.url)
    assert program.download(URL=origin.url, REF="0" * 40).code == 66
    assert (volume / "models" / "a.txt").read_text() == "one"


def test_a_server_that_is_down_is_worth_another_attempt(program: Any) -> None:
    ended = program.download(URL="http://127.0.0.1:1/models.git")
    assert (ended.code, ended.reason) == (75, "NetworkError")
    assert "http://127.0.0.1:1" in ended.message


def test_a_host_that_nobody_knows_is_worth_another_attempt(program: Any) -> None:
    ended = program.download(URL="http://nowhere.invalid/models.git")
    assert (ended.code, ended.reason) == (75, "NetworkError")


class _Answer(BaseHTTPRequestHandler):
    def __init__(self, status: int, *args: Any) -> None:
        self._status = status
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(self._status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def answers(request: Any) -> Iterator[str]:
    """The address of a server that has one answer for everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answer, request.param)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answers", [429, 500, 503], indirect=True)
def test_a_server_in_trouble_is_worth_another_attempt(program: Any, answers: str) -> None:
    ended = program.download(URL=f"{answers}/models.git")
    assert (ended.code, ended.reason) == (75, "NetworkError")


@pytest.mark.parametrize("answers", [200], indirect=True)
def test_a_page_is_not_taken_for_an_empty_repository(program: Any, answers: str) -> None:
    ended = program.download(URL=f"{answers}/models.git")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert "not as a Git repository" in ended.message


@pytest.mark.parametrize("answers", [407], indirect=True)
def test_a_proxy_that_wants_credentials_is_named(program: Any, answers: str) -> None:
    ended = program.download(URL="http://nowhere.invalid/models.git", HTTP_PROXY=answers)
    assert (ended.code, ended.reason) == (77, "AuthenticationFailed")
    assert "proxy" in ended.message


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({}, "url"),
        ({"URL": "file:///etc"}, "url"),
        ({"URL": "ext::sh -c id"}, "url"),
        ({"URL": "/volume/other"}, "url"),
        ({"URL": "git@host:models.git"}, "url"),
        ({"URL": "-oProxyCommand=id"}, "url"),
        ({"URL": "http://127.0.0.1:1/a.git", "REF": "--upload-pack=id"}, "ref"),
    ],
)
def test_a_bad_option_is_named(program: Any, variables: dict[str, str], field: str) -> None:
    ended = program.download(**variables)
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert ended.message.startswith(f"{field}: ")


def test_an_argument_that_runs_something_is_refused(program: Any, tmp_path: Any) -> None:
    marker = tmp_path / "ran"
    ended = program.download(f"--upload-pack=touch {marker}", URL="http://127.0.0.1:1/a.git")
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert ended.message.startswith("extraArgs[0]: --upload-pack is refused")
    assert not marker.exists()


@pytest.mark.parametrize("sub_path", ["/etc", "../x", "a/../../x"])
def test_a_sub_path_that_leads_out_is_refused(program: Any, origin: Any, sub_path: str) -> None:
    ended = program.download(URL=origin.url, sub_path=sub_path)
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert ended.message.startswith("subPath: ")


def _raw(program: Any, *argv: str) -> Any:
    process: subprocess.Popen[str] = program.start_raw(
        *argv, "--volume", str(program.volume), "--termination-log", str(program.termination_log)
    )
    return program.end(process)


@pytest.mark.parametrize(
    "argv", [("ftp", "download"), ("git", "sideways"), ("git", "download", "--sync"), ("git",)]
)
def test_wrong_usage_ends_in_the_termination_message_too(
    program: Any, argv: tuple[str, ...]
) -> None:
    ended = _raw(program, *argv)
    assert (ended.code, ended.reason) == (64, "InvalidOption")


def test_a_machine_without_git_is_said(program: Any, tmp_path: Any) -> None:
    program.path = str(tmp_path)
    ended = program.download(URL="http://127.0.0.1:1/a.git")
    assert (ended.code, ended.reason) == (70, "EngineFailed")
    assert "'git' is not installed" in ended.message


def test_a_termination_log_that_cannot_be_written_changes_nothing_else(
    program: Any, origin: Any
) -> None:
    process = program.start_raw(
        "git", "download", "--volume", str(program.volume), "--termination-log", "/nowhere/log",
        URL=origin.url,
    )  # fmt: skip
    _, stderr = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "termination message cannot be written" in stderr


@pytest.mark.parametrize("when", ["cloned", "updated"])
def test_a_full_volume_is_said_and_what_was_there_stays(
    program: Any, origin: Any, tiny: Path, when: str
) -> None:
    program.volume = tiny
    if when == "updated":
        assert program.download(URL=origin.url).code == 0
    (origin.work / "large.bin").write_bytes(os.urandom(3 * 1024**2))
    origin.commit("b.txt", "beside it")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (73, "NoSpaceLeft"), ended.everything
    left = sorted(path.name for path in tiny.rglob("*.txt"))
    assert left == (["a.txt"] if when == "updated" else [])
