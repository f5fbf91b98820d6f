"""Keys that do not stand in the connection: left to the amazon provider, where it is."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Connection

from airflow_provider_datacube._credentials import aws
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"access_key_id": "canary-id", "secret_access_key": "canary-secret"}


def connection(**fields: Any) -> Connection:
    extra = json.dumps(fields.pop("extra", {}))
    return Connection(conn_id="c", conn_type="aws", extra=extra, **fields)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"profile_name": "ml"},
        {"role_arn": "arn:aws:iam::1:role/x"},
        {"session_kwargs": {"profile_name": "ml"}},
        {"aws_access_key_id": "only-half"},
    ],
)
def test_what_only_boto_can_find_is_left_to_it(extra: dict[str, Any]) -> None:
    asked: list[str] = []

    def resolve(conn_id: str) -> dict[str, str]:
        asked.append(conn_id)
        return KEYS

    conn = connection(extra=extra)
    assert aws.secrets_of(conn, conn.extra_dejson, resolve) == KEYS
    assert asked == ["c"]


def test_keys_that_a_role_is_assumed_with_are_not_handed_on() -> None:
    conn = connection(login="id", password="s", extra={"role_arn": "arn:aws:iam::1:role/x"})
    assert aws.secrets_of(conn, conn.extra_dejson, lambda _: KEYS) == KEYS


def test_keys_that_stand_there_need_nobody() -> None:
    def resolve(conn_id: str) -> dict[str, str]:
        raise AssertionError(conn_id)

    conn = connection(login="id", password="s")
    assert aws.secrets_of(conn, {}, resolve)["access_key_id"] == "id"


HAS_AMAZON = find_spec("airflow.providers.amazon") is not None


@pytest.mark.skipif(HAS_AMAZON, reason="the amazon provider is installed")
def test_without_the_amazon_provider_the_error_says_what_helps() -> None:
    with pytest.raises(DataCubeSpecError, match="install apache-airflow-providers-amazon"):
        aws.resolve("c")


@pytest.mark.skipif(not HAS_AMAZON, reason="the amazon provider is not installed")
@pytest.mark.parametrize(("profile", "token"), [("plain", ""), ("temporary", "canary-session")])
def test_the_amazon_provider_resolves_a_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, token: str
) -> None:
    keys = "aws_access_key_id = canary-id\naws_secret_access_key = canary-secret\n"
    session = "aws_session_token = canary-session\n"
    file = tmp_path / "credentials"
    file.write_text(f"[plain]\n{keys}[temporary]\n{keys}{session}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    given = {"conn_type": "aws", "extra": {"profile_name": profile, "region_name": "eu-west-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps(given))
    assert aws.resolve("c") == {**KEYS, "session_token": token}
