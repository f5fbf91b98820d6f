"""What is wrong with `conn_id` and `secret_ref`, told when the DAG is parsed."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._credentials.given import plain_ref, problems
from airflow_provider_datacube.models import S3, Git, HuggingFace, SecretRef

URL = "https://git.example.org/a/x.git"
PVC = {"type": "pvc", "pvc": {"name": "data"}}
REF = SecretRef("my-secret", "my-key")


def draft(source: Any, **executor: Any) -> dict[str, Any]:
    spec = {"source": source.to_manifest(), "sink": PVC}
    return {"spec": {**spec, "executor": executor} if executor else spec}


def said(given: Any, conn_id: Any = None, secret_ref: Any = None) -> str:
    return "\n".join(problems(conn_id, plain_ref(secret_ref), given))


@pytest.mark.parametrize("how", [{"conn_id": "git_default"}, {"secret_ref": "my-secret"}])
def test_a_credential_that_is_given_twice_is_an_error(how: dict[str, str]) -> None:
    (by,) = how
    expected = f"is a credential, and {by} gives it too; keep one of them"
    assert said(draft(Git(url=URL, token=REF)), **how) == f"spec.source.options[0]: {expected}"
    env = [{"name": "NO_PROXY", "value": "x"}, {"name": "TOKEN", "value": "x"}]
    assert said(draft(Git(url=URL), env=env), **how) == f"spec.executor.env[1]: {expected}"
    s3 = S3(uri="s3://b/k", access_key_id=REF, secret_access_key=REF)
    assert said(draft(s3), **how).count(expected) == 2
    token = S3(uri="s3://b/k", options=[{"name": "s3-session-token", "value": "canary-1"}])
    assert said(draft(token), **how) == f"spec.source.options[1]: {expected}"
    assert said(draft(HuggingFace(repo="a/b", token="canary-1")), **how).endswith(expected)


@pytest.mark.parametrize("how", [{"conn_id": "c"}, {"secret_ref": "my-secret"}])
def test_an_address_beside_a_credential_is_none(how: dict[str, str]) -> None:
    region = [{"name": "S3_REGION", "value": "x"}]
    assert not said(draft(S3(uri="s3://b/k", endpoint="http://s3:9000"), env=region), **how)
    hub = [{"name": "HF_ENDPOINT", "value": "https://hub.org"}]
    assert not said(draft(HuggingFace(repo="a/b"), env=hub), **how)


def test_a_key_that_is_named_for_an_address_makes_it_one() -> None:
    ref = {"name": "my-secret", "keys": {"endpoint": "url"}}
    given = draft(S3(uri="s3://b/k", endpoint="http://s3:9000"))
    assert "options[0]: is a credential, and secret_ref gives it too" in said(given, secret_ref=ref)


def test_only_one_of_the_two_may_be_given() -> None:
    words = "secret_ref: conn_id is given too; keep one of them"
    assert said(draft(Git(url=URL)), "c", "s") == words


@pytest.mark.parametrize(
    ("conn_id", "words"),
    [
        ("", "conn_id: is empty"),
        ("  ", "conn_id: is empty"),
        (7, "conn_id: must be the id of an Airflow connection, not int"),
    ],
)
def test_a_conn_id_that_is_none_is_told(conn_id: Any, words: str) -> None:
    assert said(draft(Git(url=URL)), conn_id).startswith(words)


@pytest.mark.parametrize(
    ("secret_ref", "words"),
    [
        ("My Secret", "secret_ref: must be the name of a Secret: lower case"),
        ("", "secret_ref: must be the name of a Secret: lower case"),
        ({"name": 7}, "secret_ref.name: must be the name of a Secret"),
        ({"keys": {"token": "k"}}, "secret_ref: must be the name of a Secret, a SecretRef, or"),
        ({"name": "s", "token": "k"}, "secret_ref: must be the name of a Secret, a SecretRef, or"),
        ({"name": "s", "keys": "k"}, "secret_ref: must be the name of a Secret, a SecretRef, or"),
        ({"name": "s", "keys": {"token": " "}}, "secret_ref.keys: each must be a key of the Secr"),
        ({"name": "s", "keys": {"password": "k"}}, "secret_ref.keys: type git takes token, usern"),
        (["s"], "secret_ref: must be the name of a Secret, a SecretRef, or"),
    ],
)
def test_a_secret_ref_that_is_none_is_told(secret_ref: Any, words: str) -> None:
    assert said(draft(Git(url=URL)), secret_ref=secret_ref).startswith(words)


def test_a_token_is_nothing_that_s3_has() -> None:
    words = "secret_ref.keys: type s3 takes access_key_id, secret_access_key, session_token, endpo"
    assert said(draft(S3(uri="s3://b/k")), secret_ref=REF).startswith(words)


@pytest.mark.parametrize(
    "secret_ref",
    [
        "{{ params.secret }}",
        {"name": "s-{{ team }}", "keys": {"token": "{{ key }}"}},
        REF,
        SecretRef("{{ secret }}", "k"),
        object(),
    ],
)
def test_what_a_template_may_still_change_is_let_pass(secret_ref: Any) -> None:
    assert not said(draft(Git(url=URL)), secret_ref=secret_ref)
    assert not said(draft(Git(url=URL)), conn_id="{{ params.conn }}")


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {"spec": "{{ spec }}"},
        {"spec": {"source": object(), "sink": PVC}},
        {"spec": {"source": {"type": "{{ type }}", "options": "{{ options }}"}}},
        {"spec": {"source": {"type": "git", "options": [7, {"value": "x"}]}, "executor": 7}},
    ],
)
def test_a_draft_of_any_shape_is_looked_at(given: Any) -> None:
    assert not said(given, conn_id="c")


def test_who_gives_none_is_asked_nothing() -> None:
    assert not said(draft(Git(url=URL, token=REF)))
