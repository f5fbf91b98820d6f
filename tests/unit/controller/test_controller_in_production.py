"""What a cluster operator relies on: health that tells the truth, an orderly stop, numbers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.errors import DataCubeUnavailableError
from datacube_api.reasons import Reason
from datacube_runtime.controller.api import CUBES, ApiError, WatchEvent
from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.health import STUCK_S, Health
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.metrics import Metrics
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FAST = Backoff(first_s=0.001, longest_s=0.01)
BOOKMARK = WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": "99"}})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def controller(api: Any, health: Health, metrics: Metrics, until: Any, end: Any) -> Any:
    controller = Controller(api, Settings(workers=1), FAST, metrics, health)
    task = asyncio.ensure_future(controller.run())
    await until(lambda: len(api.watching) == 3 and not health.unready())
    yield controller
    await end(task)


@pytest.fixture
def held_up(api: Any) -> Callable[[], asyncio.Event]:
    """Return what makes the next reads wait, and the event that lets them go on."""

    def hold() -> asyncio.Event:
        go_on, read = asyncio.Event(), api.read

        async def wait(*question: Any) -> Any:
            answer = await read(*question)
            await go_on.wait()
            return answer

        api.read = wait
        return go_on

    return hold


@pytest.fixture
async def hung(make: Any, api: Any, controller: Any, until: Any, held_up: Any) -> Any:  # noqa: ARG001 - it runs
    """A pass that waits until this is set."""
    go_on = held_up()
    api.put(CUBES, make.cube())
    await until(lambda: api.reads)
    return go_on


@pytest.mark.usefixtures("controller")
async def test_a_watch_that_stalls_makes_it_dead_and_one_that_is_heard_does_not(
    api: Any, health: Health, clock: Clock, until: Any
) -> None:
    clock.now += STUCK_S + 1
    for plural in ("jobs", "pods"):
        for watch in api.watching[plural]:
            watch.put_nowait(BOOKMARK)
    await until(lambda: len(health.dead()) == 1)
    assert health.dead()[0].startswith("the watch of datacubes in all namespaces was last heard")
    assert health.unready() == health.dead()


async def test_a_pass_that_hangs_makes_it_dead(
    health: Health, clock: Clock, until: Any, hung: Any
) -> None:
    clock.now += STUCK_S + 1
    assert any(said.startswith("worker 1 has been at one DataCube for") for said in health.dead())
    hung.set()
    await until(lambda: not any(said.startswith("worker") for said in health.dead()))


async def test_what_waits_for_a_pass_is_counted(  # noqa: PLR0913, PLR0917 - fixtures
    make: Any, api: Any, controller: Controller, metrics: Metrics, until: Any, held_up: Any
) -> None:
    go_on = held_up()
    api.add_claim()
    api.put(CUBES, make.cube("first"))
    await until(lambda: api.reads)
    for name in ("second", "third", "fourth"):
        api.put(CUBES, make.cube(name))
    waiting = b"datacube_queue_depth 3.0"
    await until(lambda: waiting in metrics.text())
    go_on.set()
    await until(lambda: b"datacube_queue_depth 0.0" in metrics.text())
    controller.stop()


async def test_what_is_in_hand_is_finished_and_nothing_is_begun(
    make: Any, api: Any, controller: Controller, until: Any, held_up: Any
) -> None:
    go_on = held_up()
    api.add_claim()
    api.put(CUBES, make.cube("first"))
    await until(lambda: api.reads)
    api.put(CUBES, make.cube("second"))
    controller.stop()
    go_on.set()
    await until(lambda: not any(api.watching.values()))
    assert api.job("first-batchjob")
    assert not api.job("second-batchjob")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ApiError(403, "Forbidden", "jobs.batch is forbidden"), "Forbidden"),
        (ApiError(403, "pod ns/x uses an unsigned image", "denied"), "Other"),
        (ApiError(400, "", "denied"), "Other"),
        (DataCubeUnavailableError("no answer", 0), "Unavailable"),
    ],
)
@pytest.mark.usefixtures("controller")
async def test_errors_are_counted_by_kubernetes_own_word(  # noqa: PLR0913, PLR0917 - fixtures
    make: Any, api: Any, metrics: Metrics, until: Any, error: Exception, word: str
) -> None:
    api.refuse["create jobs"] = error
    api.add_claim()
    api.put(CUBES, make.cube())
    counted = f'datacube_reconcile_errors_total{{error="{word}"}}'.encode()
    await until(lambda: counted in metrics.text())
    assert b'datacube_reconciles_total{result="error"}' in metrics.text()


def test_ends_are_counted_and_timed_by_type_and_reason(make: Any, metrics: Metrics) -> None:
    condition = {"type": "Failed", "status": "True", "reason": Reason.NETWORK_ERROR}
    times = {"startTime": "2026-11-23T12:00:00Z", "completionTime": "2026-11-23T12:00:07Z"}
    metrics.count_end(make.cube(), {"conditions": [condition], **times})
    text = metrics.text().decode()
    labels = 'direction="download",reason="NetworkError",type="git"'
    assert f"datacube_transfers_finished_total{{{labels}}} 1.0" in text
    assert f"datacube_transfer_duration_seconds_sum{{{labels}}} 7.0" in text
