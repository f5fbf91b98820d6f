from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from datacube_api.progress import Phase, Progress, read_progress
from datacube_runtime.transfer.progress import Meter


@dataclass
class Stage:
    """A meter, its clock, and what it showed."""

    now: float = 100.0
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meter = Meter(self.lines.append, lambda: self.now)

    def take(
        self, at: float, done: int, total: int | None = None, phase: Phase = Phase.TRANSFER
    ) -> None:
        self.now = 100.0 + at
        self.meter.take(Progress(phase, done, total))

    @property
    def shown(self) -> list[Progress]:
        read = [read_progress(line) for line in self.lines]
        return [progress for progress in read if progress]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_there_is_at_most_one_line_a_second(stage: Stage) -> None:
    for n, at in enumerate([0, 0.4, 0.9, 1.0, 1.5]):
        stage.take(at, n)
    assert [progress.done_bytes for progress in stage.shown] == [0, 3]


def test_the_last_is_shown_in_any_case(stage: Stage) -> None:
    stage.take(0, 1)
    stage.take(0.1, 2)
    stage.meter.flush()
    stage.meter.flush()
    assert [progress.done_bytes for progress in stage.shown] == [1, 2]


def test_the_last_of_a_phase_is_shown_before_the_next(stage: Stage) -> None:
    stage.take(0, 1)
    stage.take(0.1, 9)
    stage.take(2, 0, phase=Phase.VERIFY)
    assert [(p.phase, p.done_bytes) for p in stage.shown] == [
        (Phase.TRANSFER, 1), (Phase.TRANSFER, 9), (Phase.VERIFY, 0),
    ]  # fmt: skip


def test_rate_and_time_left_are_worked_out(stage: Stage) -> None:
    stage.take(0, 0, 1000)
    stage.take(2, 200, 1000)
    assert (stage.shown[-1].rate_bytes_s, stage.shown[-1].eta_s) == (100, 8)


def test_the_rate_looks_back_ten_seconds(stage: Stage) -> None:
    for second in range(31):
        stage.take(second, 1000 * second if second < 15 else 15000 + second - 15)
    assert stage.shown[-1].rate_bytes_s == 1


def test_no_rate_is_told_before_there_is_one(stage: Stage) -> None:
    stage.take(0, 500, 1000)
    stage.take(5, 500, 1000)
    assert stage.shown[-1].rate_bytes_s is stage.shown[-1].eta_s is None


def test_an_engine_that_begins_anew_has_no_negative_rate(stage: Stage) -> None:
    stage.take(0, 500)
    stage.take(1, 100)
    stage.take(2, 200)
    assert stage.shown[-1].rate_bytes_s == 100
