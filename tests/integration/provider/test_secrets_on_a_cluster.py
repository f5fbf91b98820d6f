"""Secrets through the real client: the verbs, the hook, and that nothing of a value is told."""

from __future__ import annotations

import base64
import json
import logging
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.log import redact
from kubernetes.client import CoreV1Api

from airflow_provider_datacube._connecting import open_secrets
from airflow_provider_datacube._credentials.secret import secret_manifest
from airflow_provider_datacube.hooks.datacube_secret import DataCubeSecretHook
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

CANARY = "canary-in-a-secret"
ENCODED = base64.b64encode(CANARY.encode()).decode()


@pytest.fixture
def core(cluster: Any) -> Iterator[CoreV1Api]:
    core = CoreV1Api(cluster.api.api_client)
    yield core
    for item in core.list_namespaced_secret("default").items:
        core.delete_namespaced_secret(item.metadata.name, "default")


@pytest.fixture(params=["fake", "real"])
def secrets(request: pytest.FixtureRequest, fakes: ModuleType) -> Any:
    """One suite, two stores: what the unit tests' says, the real client and server say."""
    if request.param == "fake":
        return fakes.SecretStore()
    request.getfixturevalue("core")
    return open_secrets(request.getfixturevalue("conn_id"))


def secret(value: str = CANARY, **more: Any) -> dict[str, Any]:
    return secret_manifest("mine", {"token": value}, namespace="default", **more)


def test_what_is_created_can_be_read(secrets: Any) -> None:
    secrets.create(secret(labels={"team": "ml"}))
    found = secrets.read("default", "mine")
    assert found["data"] == {"token": ENCODED}
    assert found["metadata"]["labels"] == {"team": "ml"}
    assert found["metadata"]["uid"]


def test_a_taken_name_is_a_conflict(secrets: Any) -> None:
    secrets.create(secret())
    with pytest.raises(errors.DataCubeConflictError, match=r"Secret default/mine: 409 .* exists"):
        secrets.create(secret("other"))
    assert secrets.read("default", "mine")["data"] == {"token": ENCODED}


def test_an_absent_one_is_not_found(secrets: Any) -> None:
    for ask in (lambda: secrets.read("default", "mine"), lambda: secrets.replace(secret())):
        with pytest.raises(errors.DataCubeNotFoundError, match="there is no such Secret"):
            ask()


def test_one_can_be_replaced(secrets: Any) -> None:
    secrets.create(secret("old"))
    uid = secrets.read("default", "mine")["metadata"]["uid"]
    secrets.replace(secret())
    assert secrets.read("default", "mine")["data"] == {"token": ENCODED}
    assert secrets.read("default", "mine")["metadata"]["uid"] == uid


def test_deleting_is_idempotent_and_spares_a_namesake(secrets: Any) -> None:
    secrets.create(secret())
    uid = secrets.read("default", "mine")["metadata"]["uid"]
    secrets.delete("default", "mine", uid)
    secrets.delete("default", "mine", uid)
    secrets.create(secret())
    secrets.delete("default", "mine", uid)
    assert secrets.read("default", "mine")["metadata"]["uid"] != uid


@pytest.fixture
def hook(conn_id: str, core: CoreV1Api) -> DataCubeSecretHook:  # noqa: ARG001 - it cleans up
    return DataCubeSecretHook(conn_id)


def test_the_hook_makes_tells_the_keys_of_and_deletes(hook: DataCubeSecretHook) -> None:
    hook.create("mine", {"token": CANARY, "user": "me"}, labels={"team": "ml"})
    assert hook.keys("mine") == ["token", "user"]
    assert redact(f"{CANARY} {ENCODED}") == "*** ***"
    with pytest.raises(errors.DataCubeConflictError):
        hook.create("mine", {"token": "other"})
    hook.create("mine", {"token": "other"}, replace=True)
    assert hook.keys("mine") == ["token"]
    hook.delete("mine")
    hook.delete("mine")
    with pytest.raises(errors.DataCubeNotFoundError, match="Secret default/mine"):
        hook.keys("mine")


def test_the_hook_takes_an_airflow_connection(
    hook: DataCubeSecretHook, core: CoreV1Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"conn_type": "aws", "login": "id", "password": CANARY}
    extra = {"endpoint_url": "http://s3.example.org"}
    monkeypatch.setenv("AIRFLOW_CONN_MINIO", json.dumps({**given, "extra": extra}))
    hook.create_from_connection("s3-config", "minio")
    assert hook.keys("s3-config") == ["accessKeyID", "endpoint", "secretAccessKey"]
    data = core.read_namespaced_secret("s3-config", "default").data
    assert b64decode(data["secretAccessKey"]).decode() == CANARY


def test_a_secret_goes_with_its_owner(
    hook: DataCubeSecretHook,
    cluster: Any,
    manifest: dict[str, Any],
    until_gone: Callable[..., None],
) -> None:
    ref = CubeRef.of(cluster.create(manifest))
    hook.create("mine", {"token": CANARY}, owner=ref)
    cluster.delete(ref)
    until_gone("mine")


@pytest.fixture
def until_gone(core: CoreV1Api) -> Callable[..., None]:
    """Wait, by a watch, until a Secret is deleted."""
    from kubernetes.watch import Watch  # noqa: PLC0415 - this test's own

    def wait(name: str) -> None:
        selector = f"metadata.name={name}"
        listed = core.list_namespaced_secret("default", field_selector=selector)
        events = Watch().stream(
            core.list_namespaced_secret,
            "default",
            field_selector=selector,
            resource_version=listed.metadata.resource_version,
            timeout_seconds=20,
        )
        there = bool(listed.items)
        assert not there or any(event["type"] == "DELETED" for event in events)

    return wait


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"values": {"token": b"x"}}, "values: 'token' must be a str, not bytes"),
        ({"owner": CubeRef("default", "x")}, "owner: must be a DataCube of the Secret's name"),
        ({"owner": CubeRef("ml", "x", "u"), "namespace": "default"}, "owner: must be a DataCube"),
    ],
)
def test_the_hook_says_what_is_wrong(
    hook: DataCubeSecretHook, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        hook.create(**{"name": "mine", "values": {"token": CANARY}, **arguments})


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the clients write at the level DEBUG; Airflow's configuration had silenced them."""
    loggers = [logging.getLogger(name) for name in ("kubernetes.client.rest", "urllib3")]
    before = [(logger, logger.level, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.addHandler(caplog.handler)
        logger.disabled = False
        logger.setLevel(logging.DEBUG)
    yield caplog
    for logger, level, disabled in before:
        logger.removeHandler(caplog.handler)
        logger.disabled = disabled
        logger.setLevel(level)


def test_nothing_of_a_value_is_in_any_log(
    conn_id: str, core: CoreV1Api, log: pytest.LogCaptureFixture
) -> None:
    secrets = open_secrets(conn_id)
    secrets.create(secret())
    secrets.read("default", "mine")
    with pytest.raises(errors.DataCubeConflictError):
        secrets.create(secret())
    secrets.replace(secret())
    assert CANARY not in log.text
    assert ENCODED not in log.text
    core.read_namespaced_secret("mine", "default")
    assert ENCODED in log.text  # as the client does it, left to itself


def test_a_complaint_about_a_secret_quotes_no_value(hook: DataCubeSecretHook) -> None:
    words = r"Secret default/mine: .* data"
    with pytest.raises(errors.DataCubeRejectedError, match=words) as told:
        hook.create("mine", {"not a key": CANARY})
    assert CANARY not in f"{told.value}{told.value.__cause__}"
    assert ENCODED not in f"{told.value}{told.value.__cause__}"
