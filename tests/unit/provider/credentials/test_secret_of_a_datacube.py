"""The Secret of a DataCube: made, left, replaced or refused; never somebody else's."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._credentials.secret import provide, secret_name, secret_of
from airflow_provider_datacube._naming import TaskIdentity
from datacube_api import errors
from datacube_api.core import DNS_SUBDOMAIN
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

ME = TaskIdentity("etl", "run-1", "fetch")
SOMEBODY = TaskIdentity("etl", "run-2", "fetch")
VALUES = {"token": "canary-1"}


def cube(uid: str = "u-1", identity: TaskIdentity = ME) -> dict[str, Any]:
    labels = {**identity.labels(1), "team": "ml"}
    annotations = {**identity.annotations(), "note": "of the author"}
    meta = {"namespace": "default", "name": "weights", "uid": uid}
    return {"metadata": {**meta, "labels": labels, "annotations": annotations}}


def held(secrets: Any) -> dict[str, Any]:
    found: dict[str, Any] = secrets.held["default", "weights-credentials"]
    return found


def test_it_is_owned_by_the_datacube_and_labelled_like_it(secrets: Any) -> None:
    provide(secrets, secret_of(cube(), VALUES))
    meta = held(secrets)["metadata"]
    owner = {"apiVersion": "tensorstack.dev/v1beta1", "kind": "DataCube"}
    assert meta["ownerReferences"] == [{**owner, "name": "weights", "uid": "u-1"}]
    assert meta["labels"] == cube()["metadata"]["labels"]
    assert meta["annotations"] == ME.annotations()
    assert b64decode(held(secrets)["data"]["token"]).decode() == "canary-1"
    assert secrets.asked == ["create"]


def test_one_that_is_right_is_left(secrets: Any) -> None:
    for _ in range(2):
        provide(secrets, secret_of(cube(), VALUES))
    assert secrets.asked == ["create", "create", "get"]


@pytest.mark.parametrize(
    ("uid", "values"), [("u-1", {"token": "canary-2"}), ("u-2", VALUES), ("u-2", {"token": "x"})]
)
def test_a_stale_one_of_the_same_task_is_replaced(
    secrets: Any, uid: str, values: dict[str, str]
) -> None:
    provide(secrets, secret_of(cube(), VALUES))
    provide(secrets, secret_of(cube(uid), values))
    meta = held(secrets)["metadata"]
    assert meta["uid"] == "secret-2"
    assert meta["ownerReferences"][0]["uid"] == uid
    assert held(secrets)["data"] == secret_of(cube(uid), values)["data"]


def test_somebody_elses_is_left_alone_and_named(secrets: Any) -> None:
    provide(secrets, secret_of(cube(identity=SOMEBODY), VALUES))
    words = (
        r"Secret default/weights-credentials: .* belongs to task 'fetch' of DAG 'etl', run 'run-2'"
    )
    with pytest.raises(errors.DataCubeConflictError, match=words):
        provide(secrets, secret_of(cube(), VALUES))
    assert secrets.asked.count("delete") == 0


def test_one_that_no_task_made_is_left_alone(secrets: Any) -> None:
    theirs = secret_of(cube(), VALUES)
    secrets.create({**theirs, "metadata": {"namespace": "default", "name": "weights-credentials"}})
    with pytest.raises(errors.DataCubeConflictError, match="was not made by an Airflow task"):
        provide(secrets, secret_of(cube(), {"token": "canary-2"}))
    assert held(secrets)["data"] == theirs["data"]


def test_one_that_goes_in_between_is_made_anew(fakes: ModuleType) -> None:
    class Vanishing(fakes.SecretStore):  # type: ignore[name-defined, misc]  # loaded by path
        def read(self, namespace: str, name: str) -> Any:
            self.held.clear()
            return super().read(namespace, name)

    vanishing = Vanishing()
    provide(vanishing, secret_of(cube("u-1"), VALUES))
    provide(vanishing, secret_of(cube("u-2"), VALUES))
    assert held(vanishing)["metadata"]["ownerReferences"][0]["uid"] == "u-2"


def test_one_that_never_goes_is_an_error(secrets: Any) -> None:
    provide(secrets, secret_of(cube(), VALUES))
    held(secrets)["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    secrets.delete = lambda *_: None
    with pytest.raises(errors.DataCubeConflictError, match="taken again and again"):
        provide(secrets, secret_of(cube(), VALUES))


def test_a_refusal_is_told_in_words_of_secrets(secrets: Any) -> None:
    secrets.refuse("create", errors.DataCubeForbiddenError("may not", 403))
    with pytest.raises(errors.DataCubeForbiddenError):
        provide(secrets, secret_of(cube(), VALUES))
    assert secrets.asked == ["create"]


@pytest.mark.parametrize("length", [1, 52, 241, 242, 253])
def test_its_name_is_one_and_tells_whose_it_is(length: int) -> None:
    names = {secret_name(f"{'x' * (length - 1)}{end}") for end in "ab"}
    assert len(names) == 2
    for name in names:
        assert re.fullmatch(DNS_SUBDOMAIN, name)
        assert len(name) <= 253
        assert name.endswith("-credentials")


def test_a_datacube_without_labels_of_a_task_is_not_its_business() -> None:
    bare = {"metadata": {"namespace": "default", "name": "x", "uid": "u"}}
    assert secret_of(bare, VALUES)["metadata"].keys() == {"name", "namespace", "ownerReferences"}
    assert CubeRef.of(bare).name == "x"
