"""
Two validators, one law: what the models refuse, the CRD refuses, and both name the field.

The models' sentence opens with the field and never shows a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.crd import crd
from datacube_api.errors import DataCubeSpecError
from datacube_api.models import DataCube
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Manifest = dict[str, Any]
GIT = {"type": "git", "options": [{"name": "url", "value": "hunter2"}]}
VOLUME = {"type": "pvc", "pvc": {"name": "v"}}


def spec(source: Any = GIT, sink: Any = VOLUME, **executor: Any) -> Manifest:
    return {"source": source, "sink": sink, **({"executor": executor} if executor else {})}


def git(*options: Manifest) -> Manifest:
    return {"type": "git", "options": [*options]}


def volume(**more: Any) -> Manifest:
    return {"type": "pvc", "pvc": {"name": "v", **more}}


URL = {"name": "url", "value": "hunter2"}
SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}
S3_URI_FROM = {"type": "s3", "options": [{"name": "s3-uri", "valueFrom": SECRET}]}

CASES = {
    "unknown type": (spec({"type": "hunter2"}), "spec.source.type: must be one of pvc, git"),
    "no type": (spec({}), "spec.source.type: is missing"),
    "both volumes": (spec(VOLUME), "spec: exactly one of source and sink"),
    "no volume": (spec(GIT, GIT), "spec: exactly one of source and sink"),
    "no url": (spec(git()), "spec.source.options: type git needs the option 'url'"),
    "empty url": (
        spec(git({"name": "url", "value": ""})),
        "spec.source.options: type git needs the option 'url'",
    ),
    "no repo": (spec({"type": "huggingface"}), "spec.source.options: type huggingface needs"),
    "no uri": (spec({"type": "s3"}), "spec.source.options: type s3 needs the option 's3-uri'"),
    "uri by reference": (spec(S3_URI_FROM), "spec.source.options: the options files and s3-uri"),
    "no sink": ({"source": GIT}, "spec.sink: is missing"),
    "sync on git": (spec(options={"sync": True}), "spec.executor.options.sync: sync is for"),
    "template on a source": (
        spec(volume(template={"spec": {}}), GIT),
        "spec.source.pvc.template: a template belongs to a sink",
    ),
    "env hides an option": (
        spec(env=[{"name": "URL", "value": "hunter2"}]),
        "spec.executor.env: a name here is the variable of an option",
    ),
    "options collide": (
        spec(git(URL, {"name": "a-b"}, {"name": "a_b"})),
        "spec.source.options: two options become the same variable",
    ),
    "value and valueFrom": (
        spec(git({**URL, "valueFrom": SECRET})),
        "spec.source.options[0]: value and valueFrom exclude",
    ),
    "absolute subPath": (spec(sink=volume(subPath="/etc")), "spec.sink.pvc.subPath: must be rel"),
    "subPath with ..": (spec(sink=volume(subPath="a/../..")), "spec.sink.pvc.subPath: must stay"),
    "options on a volume": (
        spec(sink={**VOLUME, "options": [URL]}),
        "spec.sink.options: type pvc has no options",
    ),
    "pvc on git": (spec({**GIT, "pvc": {"name": "v"}}), "spec.source.pvc: is not a field"),
    "no pvc": (spec(sink={"type": "pvc"}), "spec.sink.pvc: is missing"),
    "pvc name": (spec(sink={"type": "pvc", "pvc": {"name": "A_b"}}), "spec.sink.pvc.name: must"),
    "typing mistake": (spec(options={"backofLimit": 1}), "spec.executor.options.backofLimit: is"),
    "negative backoffLimit": (spec(options={"backoffLimit": -1}), "spec.executor.options.backoff"),
    "text for a number": (spec(options={"backoffLimit": "1"}), "spec.executor.options.backoff"),
    "deadline 0": (spec(options={"activeDeadlineSeconds": 0}), "spec.executor.options.activeDea"),
    "number for text": (spec(git({"name": "url", "value": 7})), "spec.source.options[0].value"),
    "spec is no object": ("hunter2", "spec: "),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_its_field(case: str) -> None:
    wrong, opening = CASES[case]
    with pytest.raises(DataCubeSpecError) as caught:
        DataCube.from_manifest({"metadata": {"name": "a"}, "spec": wrong})
    (problem,) = caught.value.problems
    assert problem.startswith(opening)
    assert "hunter2" not in str(caught.value)


# An API server prunes a field that it does not know, and warns; the models refuse it.
PRUNED = {"typing mistake"}


@pytest.fixture(scope="module")
def create() -> Iterator[Callable[[Any], Any]]:
    """Create a DataCube of a spec in an API server that knows the CRD."""
    store = Store(":memory:")
    registry = Registry(store)
    install(registry, crd())
    cubes = registry.resource("tensorstack.dev", "datacubes")

    def send(spec: Any) -> Any:
        meta = {"apiVersion": "tensorstack.dev/v1beta1", "kind": "DataCube"}
        body = {**meta, "metadata": {"generateName": "a-"}, "spec": spec}
        return registry.create(cubes, "default", body)

    yield send
    store.close()


@pytest.mark.parametrize("case", [case for case in CASES if case not in PRUNED])
def test_the_crd_refuses_it_too_and_names_the_same_field(
    case: str, create: Callable[[Any], Any]
) -> None:
    wrong, opening = CASES[case]
    field = opening.partition(":")[0]
    with pytest.raises(ApiStatusError) as caught:
        create(wrong)
    assert caught.value.code == 422
    causes = {cause["field"] for cause in caught.value.details["causes"]}
    assert any(field.startswith(cause) or cause.startswith(field) for cause in causes), causes


def test_the_crd_accepts_what_the_models_accept(create: Callable[[Any], Any]) -> None:
    """Else the test above could not fail."""
    assert create(spec())["spec"] == spec()


def test_several_mistakes_are_told_at_once() -> None:
    wrong = spec(git(), volume(subPath="/../a"), options={"backoffLimit": -1})
    with pytest.raises(DataCubeSpecError) as caught:
        DataCube.from_manifest({"kind": "Pod", "spec": wrong})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "kind",
        "spec.source.options",
        "spec.sink.pvc.subPath",
        "spec.sink.pvc.subPath",
        "spec.executor.options.backoffLimit",
    ]


def test_the_original_does_not_hang_behind_the_error() -> None:
    """pydantic's own error holds the input, and a traceback would print it."""
    with pytest.raises(DataCubeSpecError) as caught:
        DataCube.from_manifest({"spec": "hunter2"})
    assert caught.value.__suppress_context__
