from __future__ import annotations

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from demo.git_server import GitServer
from tests.integration.transfer.canary import forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AWKWARD = "p/ss@w?rd#%2F:+x"


@pytest.mark.parametrize(
    "user_info", ["{token}", "x-access-token:{token}", "git:{token}", "{token}:", "{token}:{token}"]
)
@pytest.mark.parametrize("beside", ["", "{token}"])
def test_a_token_in_the_url_works(
    program: Any, origin: Any, token: str, user_info: str, beside: str
) -> None:
    url = origin.url.replace("//", f"//{user_info.format(token=token)}@")
    ended = program.download(URL=url, TOKEN=beside.format(token=token))
    assert ended.code == 0, ended.everything


def test_a_user_in_the_url_goes_with_the_option_token(
    program: Any, origin: Any, token: str
) -> None:
    url = origin.url.replace("//", "//alice@")
    assert program.download(URL=url, TOKEN=token).code == 0


def test_a_newline_at_the_end_of_a_secret_is_no_part_of_it(
    program: Any, origin: Any, token: str
) -> None:
    assert program.download(URL=origin.url, TOKEN=f"{token}\n").code == 0


def test_a_token_may_hold_what_means_something_in_a_url(
    program: Any, person: Any, tmp_path: Path
) -> None:
    with GitServer(tmp_path / "awkward", AWKWARD) as server:
        bare, work = server.create("models"), tmp_path / "w"
        work.mkdir()
        person.git(work, "init", "--quiet", "--initial-branch=main")
        person.commit(work, "a.txt", "one")
        person.git(work, "push", "--quiet", str(bare), "main")
        url = f"{server.url}/models.git"
        for ended in (
            program.download(URL=url, TOKEN=AWKWARD),
            program.download(URL=url.replace("//", f"//{AWKWARD}@"), TOKEN=AWKWARD),
            program.download(URL=url.replace("//", f"//u:{quote(AWKWARD, safe='')}@"), TOKEN=""),
        ):
            assert ended.code == 0, ended.everything
            assert AWKWARD not in ended.everything


def test_a_variable_that_was_not_expanded_is_said(program: Any) -> None:
    ended = program.download(URL="http://$(TOKEN)@127.0.0.1:1/a.git", TOKEN="")
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert "option 'token'" in ended.message


@pytest.fixture
def traced(program: Any, tmp_path: Path) -> Callable[[], str]:
    """Git writes down the arguments of every process that it starts, and hides nothing."""
    trace, environments = tmp_path / "trace2", tmp_path / "environments"
    program.wrap(
        "git",
        f'export GIT_TRACE2_EVENT="{trace}" GIT_TRACE_REDACT=0\n'
        f'env >> "{environments}"\nprintf "%s\\n" "$*" >> "{trace}"\nreal "$@"',
    )
    return lambda: trace.read_text() + "\n#\n" + environments.read_text()


@pytest.mark.parametrize("user_info", ["", "{token}@", "x:{token}@"])
def test_a_token_is_nowhere_but_in_one_variable(
    program: Any, origin: Any, token: str, user_info: str, traced: Callable[[], str]
) -> None:
    url = origin.url.replace("//", f"//{user_info.format(token=token)}")
    beside = "" if user_info else token
    program.download(URL=url, TOKEN=beside)
    origin.person.commit(program.volume / "models", "mine.txt", "mine")
    program.upload(URL=url, TOKEN=beside)
    program.download(URL=url, TOKEN=beside, REF="nope")
    program.download(URL=url.replace("models", "nope"), TOKEN=beside)
    argv, environments = traced().split("\n#\n")
    assert "remote-http" in argv, "the trace shows what it is asked for"
    held = [line for line in environments.splitlines() if token in line]
    assert held, "Git gets the token"
    assert {line.partition("=")[0] for line in held} == {"TRANSFER_GIT_PASSWORD"}
    assert not [form for form in forms(token) if form in argv]
    assert list(program.tmp.iterdir()) == []


def test_gits_environment_holds_nothing_of_the_authors_but_proxies_and_authorities(
    program: Any, origin: Any, traced: Callable[[], str]
) -> None:
    given = {
        "GIT_SSH_COMMAND": "id", "GIT_TRACE": "1", "GIT_DIR": "/x", "LD_DEBUG": "no", "FOO": "bar",
        "GIT_CONFIG_PARAMETERS": "'core.fsmonitor'='id'", "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.sshCommand", "GIT_CONFIG_VALUE_0": "id",
        "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
    }  # fmt: skip
    ended = program.download(URL=origin.url, HTTP_PROXY="http://127.0.0.1:1", **given)
    assert ended.code == 0, ended.everything
    environment = traced().split("\n#\n")[1]
    for name in ("GIT_SSH_COMMAND", "GIT_TRACE=", "LD_DEBUG", "FOO", "GIT_CONFIG_PARAMETERS"):
        assert name not in environment
    assert "core.sshCommand" not in environment
    for line in ("no_proxy=127.0.0.1", "http_proxy=http://127.0.0.1:1", "GIT_SSL_CAINFO=/etc/ssl"):
        assert line in environment


def test_a_password_of_the_proxy_is_not_shown(program: Any) -> None:
    proxy = "http://user:proxy-canary-77@127.0.0.1:1"
    ended = program.download(URL="http://host.invalid/a.git", HTTP_PROXY=proxy)
    assert ended.reason == "NetworkError"
    assert "proxy-canary-77" not in ended.everything


class _Elsewhere(BaseHTTPRequestHandler):
    """Demands a credential and writes down what it gets."""

    def __init__(self, got: list[str | None], *args: Any) -> None:
        self._got = got
        super().__init__(*args)

    def do_GET(self) -> None:
        self._got.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class _Redirect(_Elsewhere):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"{self._got[0]}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def serve() -> Iterator[Callable[[type[_Elsewhere], list[Any]], str]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(handler: type[_Elsewhere], got: list[Any]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, got))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_redirect_to_another_host_does_not_get_the_token(program: Any, serve: Any) -> None:
    got: list[str | None] = []
    elsewhere = serve(_Elsewhere, got)
    ended = program.download(URL=serve(_Redirect, [elsewhere]) + "/a.git")
    assert ended.reason == "AuthenticationFailed"
    assert got == [None]


def test_the_host_of_the_url_does_get_it(program: Any, serve: Any) -> None:
    got: list[str | None] = []
    program.download(URL=serve(_Elsewhere, got) + "/a.git")
    assert got[0] is None
    assert got[1]
