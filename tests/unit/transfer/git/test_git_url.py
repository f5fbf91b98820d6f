from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.transfer.git.url import Credential, read_remote


@pytest.mark.parametrize(
    ("url", "token", "expected"),
    [
        ("https://h/x.git", "", None),
        ("https://h/x.git", "T", ("oauth2", "T")),
        ("https://T@h/x.git", "", ("oauth2", "T")),
        ("https://T@h/x.git", "T", ("oauth2", "T")),
        ("https://T:@h/x.git", "", ("oauth2", "T")),
        ("https://u:T@h/x.git", "", ("u", "T")),
        ("https://u:T@h/x.git", "T", ("u", "T")),
        ("https://u:P@h/x.git", "T", ("u", "P")),
        ("https://alice@h/x.git", "T", ("alice", "T")),
        ("https://a%40b:p%2Fw@h/x.git", "", ("a@b", "p/w")),
        ("https://p/w#?@:%@h/x.git", "p/w#?@:%", ("oauth2", "p/w#?@:%")),
        ("https://u:p/w@h/x.git", "p/w", ("u", "p/w")),
    ],
)
def test_the_credential_is_found_where_it_is(
    url: str, token: str, expected: tuple[str, str] | None
) -> None:
    remote = read_remote(url, token)
    assert remote.url == "https://h/x.git"
    assert remote.credential == (Credential(*expected) if expected else None)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://T@host/x", "https://host"),
        ("HTTP://host:8080/a/b/x.git/", "http://host:8080"),
        ("https://u:p@[::1]:3000/x", "https://[::1]:3000"),
    ],
)
def test_the_server_is_scheme_host_and_port(url: str, server: str) -> None:
    assert read_remote(url, "").server == server


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/models.git", "models"),
        ("/models", "models"),
        ("/models.git/", "models"),
        ("/a.b.git", "a.b"),
        ("/a%20b.git", "a%20b"),
        ("/模型.git", "模型"),
    ],
)
def test_the_name_is_that_of_git_clone(path: str, name: str) -> None:
    assert read_remote(f"https://h{path}", "").name == name


@pytest.mark.parametrize(
    "url",
    [
        "", "h/x", "/x", "git@h:x.git", "file:///x", "ext::sh -c id", "ssh://git@h/x", "-x://h/y",
        "https://", "https:///x", "https://h", "https://h/", "https://h/.git", "https://h/..",
        "https://h/.git.git", "https://h/%2e%2e", "https://h/%2e%2e.git", "https://h/a%2fb",
        "https://h/-x", "https://h/%2dx", "https://h/.GIT", "https://h/x?a=b", "https://h/x#y",
        "https://h:port/x", "https://h/a b", "https://h/a\nb", "https://h/a%00", "https://h/a%0a",
    ],
)  # fmt: skip
def test_what_is_no_repository_of_a_server_is_refused(url: str, refusal: Any) -> None:
    reason, message = refusal(read_remote, url, "")
    assert reason == "InvalidOption"
    assert message.startswith("url: ")


@pytest.mark.parametrize(
    "url", ["ftp://user:canary@h/x", "https://user:canary@h/", "https://canary@h:port/x"]
)
def test_a_refusal_does_not_show_the_url(url: str, refusal: Any) -> None:
    assert "canary" not in refusal(read_remote, url, "")[1]


def test_a_variable_that_was_not_expanded_is_a_mistake(refusal: Any) -> None:
    assert "not defined above" in refusal(read_remote, "https://$(TOKEN)@h/x", "")[1]


@pytest.mark.parametrize("token", ["a\nb", "a b", "a\0b"])
def test_a_token_of_several_lines_would_be_several_answers(token: str, refusal: Any) -> None:
    reason, message = refusal(read_remote, "https://h/x", token)
    assert reason == "InvalidOption"
    assert message.startswith("token: ")


def test_a_newline_hidden_in_the_url_would_be_so_too(refusal: Any) -> None:
    assert refusal(read_remote, "https://u:a%0ab@h/x", "")[1].startswith("url: ")


def test_a_remote_does_not_show_its_credential() -> None:
    remote = read_remote("https://alice:canary@h/x", "")
    assert "canary" not in f"{remote!r}{remote.credential!r}{remote.url}"
