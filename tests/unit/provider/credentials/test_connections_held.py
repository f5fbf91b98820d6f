"""What a connection holds, read off Airflow's own `Connection`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk.log import redact

from airflow_provider_datacube._credentials.connections import held_by
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Connection

TOKEN = "canary-of-a-connection"


@pytest.mark.parametrize("conn_type", ["git", "github", "http", "generic"])
def test_a_git_token_is_the_password(held: Callable[..., Any], conn_type: str) -> None:
    assert held("git", conn_type, password=f"{TOKEN}\n").secret_values() == {"token": TOKEN}


def test_a_login_goes_along_fit_for_a_url(held: Callable[..., Any]) -> None:
    found = held("git", "http", login="me@example.org", password=TOKEN)
    assert found.secret_values() == {"token": TOKEN, "username": "me%40example.org"}
    assert "username" not in held("git", "github", login="me", password=TOKEN).secrets


def test_a_token_in_the_url_of_a_git_connection_is_found(held: Callable[..., Any]) -> None:
    found = held("git", "git", host=f"https://me:{TOKEN}%21@git.example.org/x.git")
    assert found.secret_values() == {"token": f"{TOKEN}!", "username": "me"}


@pytest.mark.parametrize(
    ("conn_type", "fields", "server"),
    [
        ("git", {"host": "https://git.example.org/a/x.git"}, "https://git.example.org"),
        ("git", {"host": "git@git.example.org:a/x.git"}, "git.example.org"),
        ("github", {}, "github.com"),
        ("github", {"host": "https://api.github.com"}, "github.com"),
        ("github", {"host": "https://ghe.example.org/api/v3"}, "https://ghe.example.org"),
        ("http", {"host": "git.example.org", "schema": "https"}, "https://git.example.org"),
        ("http", {"host": "git.example.org", "port": 8443}, "git.example.org:8443"),
        ("generic", {}, "None"),
    ],
)
def test_a_token_is_for_the_server_of_its_connection(
    held: Callable[..., Any], conn_type: str, fields: dict[str, Any], server: str
) -> None:
    assert str(held("git", conn_type, password=TOKEN, **fields).server) == server


@pytest.mark.parametrize(
    "extra",
    [{"private_key": "k"}, {"key_file": "/k"}, {"github_app_id": 1, "github_installation_id": 2}],
)
def test_a_key_is_no_token(held: Callable[..., Any], extra: dict[str, Any]) -> None:
    with pytest.raises(DataCubeSpecError, match="holds a private key, and a transfer speaks http"):
        held("git", "git", extra=extra)


@pytest.mark.parametrize(
    ("fields", "endpoint"),
    [
        ({"password": TOKEN}, None),
        ({"extra": {"token": TOKEN}}, None),
        ({"extra": {"hf_token": TOKEN, "endpoint": "https://hub.org"}}, "https://hub.org"),
        ({"password": TOKEN, "host": "hub.org"}, "https://hub.org"),
        ({"password": TOKEN, "host": "hub.org", "schema": "http", "port": 80}, "http://hub.org:80"),
        ({"password": TOKEN, "host": "https://hub.org/"}, "https://hub.org"),
    ],
)
def test_a_hub_token_and_its_hub(
    held: Callable[..., Any], fields: dict[str, Any], endpoint: str | None
) -> None:
    found = held("huggingface", "huggingface", **fields)
    assert found.secret_values() == {"token": TOKEN}
    assert found.public.get("endpoint") == endpoint


def test_aws_keys_are_found_where_its_own_hook_finds_them(held: Callable[..., Any]) -> None:
    pair = {"accessKeyID": "canary-id", "secretAccessKey": TOKEN}
    extra: dict[str, Any] = {"aws_access_key_id": "canary-id", "aws_secret_access_key": TOKEN}
    assert held("s3", "aws", login="canary-id", password=TOKEN).secret_values() == pair
    assert held("s3", "aws", extra=extra).secret_values() == pair
    found = held("s3", "aws", extra={**extra, "aws_session_token": "canary-session"})
    assert found.secret_values() == {**pair, "sessionToken": "canary-session"}


def test_the_address_of_s3_goes_before_that_of_all_aws(held: Callable[..., Any]) -> None:
    s3 = {"service_config": {"s3": {"endpoint_url": "http://s3:9000"}}}
    extra = {"endpoint_url": "http://aws:4566", "region_name": "eu-west-1"}
    keys = {"login": "canary-id", "password": TOKEN}
    assert held("s3", "aws", extra=extra, **keys).public == {
        "endpoint": "http://aws:4566",
        "region": "eu-west-1",
    }
    assert held("s3", "aws", extra={**extra, **s3}, **keys).public["endpoint"] == "http://s3:9000"


def test_a_generic_connection_has_its_address_in_the_host(held: Callable[..., Any]) -> None:
    found = held("s3", "generic", login="id", password=TOKEN, host="s3.org", port=9000)
    assert found.public == {"endpoint": "https://s3.org:9000"}
    assert found.all_values()["endpoint"] == "https://s3.org:9000"
    assert "endpoint" not in found.secret_values()


@pytest.mark.parametrize("kind", ["s3", "huggingface"])
@pytest.mark.parametrize("address", [f"https://me:{TOKEN}@s3.org", f"https://s3.org/?t={TOKEN}"])
def test_an_address_may_hold_no_credential(
    held: Callable[..., Any], kind: str, address: str
) -> None:
    extra = {"endpoint_url": address}
    with pytest.raises(DataCubeSpecError, match="has endpoint with a user") as caught:
        held(kind, "generic", login="id", password="canary-2", extra=extra)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "conn_type", "words"),
    [
        ("s3", "postgres", "type postgres, and the end is of type s3, which takes .* aws or gen"),
        ("git", "aws", "type aws, and the end is of type git, which takes .* git or github or"),
        ("huggingface", "git", "type git, and the end is of type huggingface"),
        (
            None,
            "http",
            "type http, which does not say what it is for: give service, one of git, hug",
        ),
        (None, "mysql", "type mysql, which does not say"),
    ],
)
def test_a_wrong_type_is_told_with_the_right_ones(
    held: Callable[..., Any], kind: str | None, conn_type: str, words: str
) -> None:
    with pytest.raises(DataCubeSpecError, match=f"conn_id: connection 'c' is of {words}"):
        held(kind, conn_type, password=TOKEN)


@pytest.mark.parametrize(
    ("conn_type", "kind"),
    [("aws", "s3"), ("git", "git"), ("github", "git"), ("huggingface", "huggingface")],
)
def test_a_type_that_is_for_one_service_says_so(
    held: Callable[..., Any], conn_type: str, kind: str
) -> None:
    assert held(None, conn_type, login="id", password=TOKEN).kind == kind


@pytest.mark.parametrize("kind", ["git", "huggingface"])
def test_a_connection_without_a_token_is_an_error(held: Callable[..., Any], kind: str) -> None:
    with pytest.raises(DataCubeSpecError, match="has no password"):
        held(kind, "generic", login="me")


def test_a_host_that_is_no_host_is_an_error(held: Callable[..., Any]) -> None:
    with pytest.raises(DataCubeSpecError, match="host that cannot be read"):
        held("git", "generic", password=TOKEN, host="https://[x/")


def test_a_connection_that_is_not_there_is_named() -> None:
    def find(conn_id: str) -> Connection:
        raise AirflowNotFoundException(conn_id)

    with pytest.raises(DataCubeSpecError, match="conn_id: there is no connection 'absent'"):
        held_by("absent", "git", find)


def test_what_it_holds_is_masked_and_shows_nowhere(held: Callable[..., Any]) -> None:
    secret = "canary-that-nobody-sees"
    found = held("s3", "aws", login="minio", password=secret)
    encoded = base64.b64encode(secret.encode()).decode()
    assert redact(f"{secret} {encoded} minio") == "*** *** minio"
    assert secret not in repr(found)
