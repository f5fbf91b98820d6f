from __future__ import annotations

import pytest

from airflow_provider_datacube._credentials.urls import Server, with_user


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("git.example.org", Server("git.example.org")),
        ("git.example.org:8443", Server("git.example.org", "", 8443)),
        ("https://Git.example.org/team/x.git", Server("git.example.org", "https", 443)),
        ("http://git.example.org:8080/", Server("git.example.org", "http", 8080)),
        ("https://user:pass@git.example.org/x", Server("git.example.org", "https", 443)),
        ("git@git.example.org:team/x.git", Server("git.example.org")),
        ("ssh://git@git.example.org/x.git", Server("git.example.org")),
        ("/srv/repositories", None),
    ],
)
def test_a_server_is_read_however_it_is_written(text: str, server: Server | None) -> None:
    assert Server.of(text) == server


def test_what_the_connection_says_beside_the_host_counts() -> None:
    assert Server.of("git.example.org", "http", 8080) == Server("git.example.org", "http", 8080)
    assert str(Server.of("git.example.org", "http", 8080)) == "http://git.example.org:8080"
    assert str(Server.of("git.example.org", "https")) == "https://git.example.org"


@pytest.mark.parametrize(
    ("server", "url", "leads_there"),
    [
        ("git.example.org", "http://git.example.org/x.git", True),
        ("git.example.org", "https://$(TOKEN)@GIT.example.org/x.git", True),
        ("git.example.org", "https://git.example.org.evil.org/x.git", False),
        ("git.example.org", "https://git.example.org@evil.org/x.git", False),
        ("git.example.org", "https://$(HOST)/x.git", False),
        ("git.example.org", "https://[evil/x.git", False),
        ("https://git.example.org", "https://git.example.org/x.git", True),
        ("https://git.example.org", "http://git.example.org/x.git", False),
        ("https://git.example.org", "https://git.example.org:444/x.git", False),
        ("git.example.org:8443", "https://git.example.org:8443/x.git", True),
        ("git.example.org:8443", "https://git.example.org/x.git", False),
    ],
)
def test_a_url_leads_to_the_server_or_elsewhere(server: str, url: str, leads_there: bool) -> None:  # noqa: FBT001 - a table's column
    known = Server.of(server)
    assert known is not None
    assert known.is_of(url) is leads_there


def test_a_url_that_names_a_user_keeps_it() -> None:
    assert with_user("https://host/x.git", "me") == "https://me@host/x.git"
    assert with_user("https://you@host/x.git", "me") == "https://you@host/x.git"
