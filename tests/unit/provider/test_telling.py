"""What the log says while a DataCube is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._telling import mark, tell
from datacube_api.status import Outcome, Phase
from tests.unit.provider.around import REF


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, msg: str, /, *args: Any) -> None:
        self.lines.append("info: " + msg % args)

    def warning(self, msg: str, /, *args: Any) -> None:
        self.lines.append("warning: " + msg % args)


def line(outcome: Outcome) -> str:
    log = Log()
    tell(log, REF, outcome)
    (told,) = log.lines
    return told


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(Phase.PENDING), "info: DataCube ml/weights: Pending"),
        (
            Outcome(Phase.PENDING, "PodPending", "pod p is pending", "p", "Pending"),
            "info: DataCube ml/weights: Pending (PodPending: pod p is pending)",
        ),
        (
            Outcome(Phase.RUNNING, "", "", "p", "Running"),
            "info: DataCube ml/weights: Running",
        ),
        (
            Outcome(Phase.FAILED, "R", "m", "p", "OOMKilled"),
            "info: DataCube ml/weights: Failed (R: m)",
        ),
    ],
)
def test_a_change_is_a_line(outcome: Outcome, expected: str) -> None:
    assert line(outcome) == expected


def test_a_pod_that_cannot_start_is_a_warning_with_its_mend() -> None:
    why = 'pod p is pending: CreateContainerConfigError: secret "git-token" not found'
    said = line(Outcome(Phase.PENDING, "PodPending", why, "p", "CreateContainerConfigError"))
    assert said == (
        f"warning: DataCube ml/weights: Pending (PodPending: {why}); create what the message "
        "names, in the DataCube's namespace: the pod starts by itself"
    )


def test_another_platforms_pod_is_told_by_the_word_in_its_status() -> None:
    said = line(Outcome(Phase.PENDING, "", "", "p", "ImagePullBackOff"))
    assert said.startswith("warning: DataCube ml/weights: Pending (pod p: ImagePullBackOff); check")


def test_no_secret_and_no_second_line_is_told() -> None:
    said = line(Outcome(Phase.PENDING, "R", "https://canary-x@host\nERROR forged ::endgroup::"))
    assert said == (
        "info: DataCube ml/weights: Pending (R: https://***@host / ERROR forged : :endgroup::)"
    )


def test_a_line_is_due_when_something_changed_that_matters() -> None:
    pending = Outcome(Phase.PENDING, "R", "m", "p", "ContainerCreating")
    assert mark(pending) == mark(Outcome(Phase.PENDING, "R", "m", "p", "Pending"))
    assert mark(pending) != mark(Outcome(Phase.PENDING, "R", "m", "p", "ErrImagePull"))
    assert mark(pending) != mark(Outcome(Phase.PENDING, "R", "n", "p", "ContainerCreating"))
    assert mark(pending) != mark(Outcome(Phase.RUNNING, "R", "m", "p", "Running"))
