from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_datacube._naming import IDENTITY_LABEL, TaskIdentity, owner_of, safe_label

DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
IDENTITY = TaskIdentity("etl", "manual__2026-11-01T00:00:00+00:00", "fetch")


@given(st.text(), st.text(), st.text(), st.integers(-1, 1000))
def test_every_task_has_a_name_that_kubernetes_takes(
    dag: str, run: str, task: str, index: int
) -> None:
    name = TaskIdentity(dag, run, task, index).base_name()
    assert DNS_NAME.fullmatch(name)
    assert len(name) <= 52


@given(st.text())
def test_every_text_becomes_a_label_that_kubernetes_takes(text: str) -> None:
    label = safe_label(text)
    assert LABEL.fullmatch(label)
    assert len(label) <= 63


@pytest.mark.parametrize(
    "other",
    [
        TaskIdentity("etl2", IDENTITY.run_id, "fetch"),
        TaskIdentity("etl", "other", "fetch"),
        TaskIdentity("etl", IDENTITY.run_id, "fetch2"),
        TaskIdentity("etl", IDENTITY.run_id, "fetch", 0),
    ],
)
def test_no_two_task_instances_share_a_name(other: TaskIdentity) -> None:
    assert other.base_name() != IDENTITY.base_name()
    assert other.digest != IDENTITY.digest


def test_ids_do_not_run_into_each_other() -> None:
    assert TaskIdentity("a", "b", "cd").digest != TaskIdentity("a", "bc", "d").digest


def test_a_name_tells_the_dag_and_the_task() -> None:
    assert IDENTITY.base_name().startswith("etl-fetch-")


def test_a_prefix_replaces_what_is_readable() -> None:
    assert re.fullmatch(r"weekly-[0-9a-f]{8}", IDENTITY.base_name("weekly-"))


def test_a_name_is_the_same_in_every_life() -> None:
    assert IDENTITY.base_name() == "etl-fetch-" + IDENTITY.digest[:8]
    assert len(IDENTITY.digest) == 40


def test_labels_are_what_the_cncf_provider_calls_them() -> None:
    labels = TaskIdentity("etl", "r", "fetch", 3).labels(2)
    assert labels == {
        "dag_id": "etl",
        "run_id": "r",
        "task_id": "fetch",
        "map_index": "3",
        "try_number": "2",
        IDENTITY_LABEL: TaskIdentity("etl", "r", "fetch", 3).digest,
    }


def test_a_task_that_is_not_mapped_has_no_index_label() -> None:
    assert "map_index" not in IDENTITY.labels(1)


def test_a_label_is_cut_as_the_cncf_provider_cuts_it() -> None:
    # From airflow.providers.cncf.kubernetes.pod_generator.make_safe_label_value.
    assert (
        safe_label("manual__2026-11-01T00:00:00+00:00") == "manual__2026-11-01T0000000000-143f39064"
    )


def test_the_owner_is_named_exactly() -> None:
    cube = {"metadata": {"annotations": TaskIdentity("etl", "r/1", "fetch", 3).annotations()}}
    assert owner_of(cube) == "belongs to task 'fetch[3]' of DAG 'etl', run 'r/1'"


def test_an_owner_that_is_not_a_task_is_said() -> None:
    assert owner_of({"metadata": {}}) == "was not made by an Airflow task"
