"""docs/errors.md says what the provider says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_datacube._explanation import explain
from airflow_provider_datacube._facts import Condition, Facts
from airflow_provider_datacube._failures import FINAL_REASONS
from airflow_provider_datacube._mends import KUBERNETES, OURS
from datacube_api.errors import DataCubeTimeoutError
from datacube_api.reference import CubeRef
from datacube_api.status import Outcome, Phase
from tests.unit.provider.around import SECRET_MISSING, event, pod

TEXT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()


def rows(heading: str) -> list[tuple[str, ...]]:
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert section, heading
    lines = re.findall(r"^\| `.*$", section[1], re.MULTILINE)
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def test_every_stable_reason_is_in_the_table_and_in_these_words() -> None:
    expected = [
        (
            f"`{reason}`",
            known.means,
            known.mend or "—",
            "—" if not known.mend else "no" if reason in FINAL_REASONS else "yes",
        )
        for reason, known in OURS.items()
    ]
    assert rows("Reasons") == expected


def test_so_are_the_words_of_kubernetes() -> None:
    expected = [(f"`{word}`", known.means, known.mend) for word, known in KUBERNETES.items()]
    assert rows("Words of Kubernetes") == expected


@pytest.mark.parametrize("part", ["cause", "events", "error"])
def test_the_example_is_what_is_said(part: str) -> None:
    ref = CubeRef("ml", "weights", "u-1")
    why = (
        'PodPending: pod weights-x7k is pending: CreateContainerConfigError: secret "git" not found'
    )
    missing = {**SECRET_MISSING, "message": 'secret "git" not found'}
    facts = Facts(
        Outcome(Phase.PENDING, *why.split(": ", 1), "weights-x7k"),
        (Condition("Initialized", "False", why),),
        pod("Pending", {"state": {"waiting": missing}}),
        (event("Failed", 'Error: secret "git" not found', count=9),),
    )
    error = DataCubeTimeoutError(ref, 600)
    told = explain(error, facts)
    error.hint = told.hint
    expected = {"cause": told.cause, "events": told.events, "error": str(error)}
    shown = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)
    assert shown
    assert " ".join(expected[part].split()) in " ".join(shown[1].split())
