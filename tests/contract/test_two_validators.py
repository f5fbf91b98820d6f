"""
Two validators, one law: the models and an API server that knows the CRD give the same verdict.

The embedded server always; with ``--kubeconfig`` a real one too, asked by dry-run, which decides
what the CRD means. One thing is different by design: a server drops a field that it does not know,
the models refuse it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from datacube_api.crd import crd
from datacube_api.errors import DataCubeSpecError
from datacube_api.models import DataCube
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.custom.causes import dotted
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store
from tests.contract.strategies import GOOD, PLACES, borders, changed, specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.strategies import Path

    Verdict = frozenset[str]
    Ask = Callable[[Any], Verdict]

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
OFTEN = settings(max_examples=400, suppress_health_check=SLOW)


def body(spec: Any) -> dict[str, Any]:
    kind = {"apiVersion": "tensorstack.dev/v1beta1", "kind": "DataCube"}
    return {**kind, "metadata": {"generateName": "law-"}, "spec": spec}


def models(spec: Any) -> Verdict:
    """Return the fields that the models refuse; none: the spec is accepted."""
    try:
        DataCube.from_manifest(body(spec))
    except DataCubeSpecError as error:
        return frozenset(problem.partition(": ")[0] for problem in error.problems)
    return frozenset()


@pytest.fixture(scope="module")
def embedded() -> Iterator[Ask]:
    store = Store(":memory:")
    registry = Registry(store)
    install(registry, crd())
    cubes = registry.resource("tensorstack.dev", "datacubes")

    def ask(spec: Any) -> Verdict:
        try:
            registry.create(cubes, "default", body(spec), Write(dry_run=True))
        except ApiStatusError as error:
            return _named(error.details["causes"])
        return frozenset()

    yield ask
    store.close()


@pytest.fixture(scope="module")
def real(pytestconfig: pytest.Config) -> Iterator[Ask]:
    kubeconfig = pytestconfig.getoption("kubeconfig")
    if kubeconfig is None:
        pytest.skip("no real API server: name one with --kubeconfig")
    with config.new_client_from_config(str(kubeconfig)) as connection:
        cubes = client.CustomObjectsApi(connection)

        def ask(spec: Any) -> Verdict:
            try:
                cubes.create_namespaced_custom_object(
                    "tensorstack.dev", "v1beta1", "default", "datacubes", body(spec), dry_run="All"
                )
            except ApiException as error:
                return _named(json.loads(error.body)["details"]["causes"])
            return frozenset()

        yield ask


def _named(causes: list[dict[str, str]]) -> Verdict:
    """Return the fields of causes; "<nil>" only says that more may be wrong."""
    return frozenset(cause["field"] for cause in causes) - {"<nil>"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask the real server only where one is named: a skip for each place would drown the rest."""
    if "server" in metafunc.fixturenames:
        named = ["real"] if metafunc.config.getoption("kubeconfig") else []
        metafunc.parametrize("server", ["embedded", *named], indirect=True, scope="module")


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Ask:
    ask: Ask = request.getfixturevalue(request.param)
    return ask


def lies_on(one: str, other: str) -> bool:
    """Whether two paths are the same, or one leads to the other."""
    return one == other or one.startswith((f"{other}.", f"{other}["))


def agree(ours: Verdict, theirs: Verdict) -> bool:
    """
    Whether two verdicts are one, and name a field in common.

    Neither has to name all: a server asks no rule where the structure is unsound, the models ask
    none of an object a part of which is.
    """
    if not ours or not theirs:
        return ours == theirs
    return any(lies_on(a, b) or lies_on(b, a) for a in ours for b in theirs)


@pytest.mark.parametrize("spec", GOOD)
def test_a_good_spec_is_accepted_by_both(spec: Any, server: Ask) -> None:
    assert models(spec) == frozenset()
    assert server(spec) == frozenset()


def single_changes(path: Path, schema: dict[str, Any]) -> Iterator[Any]:
    seen: list[Any] = []
    for good in GOOD:
        for value in borders(path, schema):
            if (spec := changed(good, path, value)) not in seen:
                seen.append(spec)
                yield spec


EVERY_PLACE = pytest.mark.parametrize(
    ("path", "schema"), PLACES, ids=[dotted(path) for path, _ in PLACES]
)


@EVERY_PLACE
def test_every_single_change_gets_the_same_verdict(
    path: Path, schema: dict[str, Any], server: Ask
) -> None:
    for spec in single_changes(path, schema):
        ours, theirs = models(spec), server(spec)
        assert agree(ours, theirs), (spec, sorted(ours), sorted(theirs))


KNOWN = {"spec", *(dotted(("spec", *path)) for path, _ in PLACES)}


@EVERY_PLACE
def test_what_the_models_name_is_a_field_of_the_crd(path: Path, schema: dict[str, Any]) -> None:
    for spec in single_changes(path, schema):
        assert {re.sub(r"\[\d+\]", "[0]", field) for field in models(spec)} <= KNOWN


@EVERY_PLACE
def test_the_embedded_server_refuses_the_very_fields_that_a_real_one_refuses(
    path: Path, schema: dict[str, Any], embedded: Ask, real: Ask
) -> None:
    for spec in single_changes(path, schema):
        assert embedded(spec) == real(spec), spec


@OFTEN
@given(spec=specs(most=4))
def test_several_changes_get_the_same_verdict(spec: Any, server: Ask) -> None:
    ours, theirs = models(spec), server(spec)
    note(f"models: {sorted(ours)}, server: {sorted(theirs)}")
    assert agree(ours, theirs)


OBJECTS = [
    path
    for path, schema in PLACES
    if "properties" in schema and path[:2] != ("source", "pvc") and "fieldRef" not in path
]


@OFTEN
@given(path=st.sampled_from(OBJECTS), name=st.sampled_from(["backofLimit", "sub_path", "url", "x"]))
def test_an_unknown_field_is_refused_by_the_models_and_dropped_by_a_server(
    path: Path, name: str, server: Ask
) -> None:
    spec = changed(GOOD[0], (*path, name), "x")
    if server(spec):  # the place is not there in this spec, so that making it broke another rule
        assert models(spec)
    else:
        assert len(models(spec)) == 1
        assert next(iter(models(spec))).endswith(f".{name}")
