from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube import _faults
from airflow_provider_datacube._faults import Faults, persist
from airflow_provider_datacube._refusals import Request, refused
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import ModuleType

PACE = Pace(poll_interval_s=0.001, first_pause_s=0.001, longest_pause_s=0.002)
HASTY = Pace(poll_interval_s=0.001, first_pause_s=0.001, longest_pause_s=0.002, grace_s=0)
LATER = errors.DataCubeUnavailableError("ml/x: 503", 503)
UNAUTHORIZED = errors.DataCubeForbiddenError("ml/x: 401", 401)
FORBIDDEN = errors.DataCubeForbiddenError("ml/x: 403", 403)
UNKNOWN = refused(Request("get", "ml", "k8s", "x"), 404, "404 page not found\n")


@pytest.fixture
def ref(store: Any, manifest: dict[str, Any]) -> CubeRef:
    named = {**manifest, "metadata": {"namespace": "default", "name": "x"}}
    return CubeRef.of(store.create(named))


@pytest.fixture
def wait(store: Any, fakes: ModuleType) -> Callable[..., Any]:
    log = fakes.Quiet()

    def waiting(
        ref: CubeRef, limit: Limit | None = None, known: Any = None, pace: Pace = PACE
    ) -> Any:
        how = {"pace": pace, "limit": limit or Limit(), "log": log, "known": known}
        return wait_until_terminal(store.connect, ref, **how)

    waiting.log = log  # type: ignore[attr-defined]  # for the one test that reads it
    return waiting


async def test_what_has_ended_before_is_seen_with_one_read(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    assert (await wait(ref))["status"] == fakes.COMPLETE
    assert store.asked == ["create", "connect", "get"]


async def test_an_end_is_seen_by_the_watch(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch")
    store.set_status(ref, {"conditions": [fakes.condition("Initialized")]})
    store.set_status(ref, fakes.COMPLETE)
    assert (await waiting)["status"] == fakes.COMPLETE
    assert store.asked.count("get") == 1


async def test_what_happened_since_it_was_made_is_heard_without_a_read(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    made = store.read(ref)
    store.set_status(ref, fakes.COMPLETE)
    asked = len(store.asked)
    assert (await wait(ref, known=made))["status"] == fakes.COMPLETE
    assert store.asked[asked:] == ["connect", "watch"]


async def test_one_that_is_deleted_before_it_is_waited_for_still_tells_its_pod(
    store: Any, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    made = store.read(ref)
    store.set_status(ref, {"pod": {"reference": {"name": "x-7k"}}})
    store.delete(ref)
    with pytest.raises(errors.DataCubeGoneError) as gone:
        await wait(ref, known=made)
    assert gone.value.pod == "x-7k"


async def test_one_that_is_deleted_right_after_its_end_has_ended(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    made = store.read(ref)
    store.set_status(ref, fakes.COMPLETE)
    store.delete(ref)
    assert (await wait(ref, known=made))["status"] == fakes.COMPLETE


STOP = StopAsyncIteration()


@pytest.mark.parametrize(
    "fault",
    [
        ("connect", [LATER, LATER]),
        ("get", [LATER, errors.DataCubeUnavailableError("410", 410)]),
        ("watch", [LATER, LATER, LATER]),
        ("stream", [LATER, STOP, LATER]),
        ("stream", [STOP, STOP]),
        ("get", [UNAUTHORIZED]),
        ("get", [FORBIDDEN, UNKNOWN]),  # an API server that starts
        ("watch", [UNAUTHORIZED]),
    ],
)
async def test_a_fault_that_passes_is_survived(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any], fault: Any
) -> None:
    verb, faults = fault
    store.refuse(verb, *faults)
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch", 1 + len(faults) * (verb in ("watch", "stream")))
    assert not store.faults[verb] or verb == "stream"
    store.set_status(ref, fakes.COMPLETE)
    assert (await waiting)["status"] == fakes.COMPLETE


async def test_a_401_that_stays_is_final(
    store: Any, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.refuse("get", UNAUTHORIZED, UNAUTHORIZED)
    with pytest.raises(errors.DataCubeForbiddenError, match="401"):
        await wait(ref, pace=HASTY)
    assert store.connected == 2


async def test_credentials_may_expire_again_and_again(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.refuse("watch", UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED)
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch", 4)
    store.set_status(ref, fakes.COMPLETE)
    await waiting
    assert store.connected == 4


async def test_where_watching_is_forbidden_it_polls(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.refuse("watch", FORBIDDEN)
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("get", 4)
    store.set_status(ref, fakes.COMPLETE)
    await waiting
    assert store.asked.count("watch") == 1


async def test_where_reading_is_forbidden_it_ends(
    store: Any, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.refuse("get", FORBIDDEN)
    with pytest.raises(errors.DataCubeForbiddenError, match="403"):
        await wait(ref, pace=HASTY)


async def test_a_deleted_one_is_gone(store: Any, ref: CubeRef, wait: Callable[..., Any]) -> None:
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch")
    store.delete(ref)
    with pytest.raises(errors.DataCubeGoneError):
        await waiting


async def test_one_that_was_deleted_unseen_is_gone(
    store: Any, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.delete(ref)
    with pytest.raises(errors.DataCubeGoneError):
        await wait(ref)


async def test_a_namesake_is_not_ours(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any], manifest: dict[str, Any]
) -> None:
    store.delete(ref)
    named = {**manifest, "metadata": {"namespace": "default", "name": "x"}}
    store.set_status(CubeRef.of(store.create(named)), fakes.COMPLETE)
    with pytest.raises(errors.DataCubeGoneError):
        await wait(ref)


async def test_one_that_ended_and_was_tidied_away_has_ended(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch")
    store.set_status(ref, fakes.COMPLETE)
    store.delete(ref)
    assert (await waiting)["status"] == fakes.COMPLETE


@pytest.mark.parametrize("ago_s", [5, -0.01])
async def test_it_gives_up_at_the_limit(
    ref: CubeRef, wait: Callable[..., Any], ago_s: float
) -> None:
    with pytest.raises(errors.DataCubeTimeoutError, match="within 90 seconds"):
        await wait(ref, Limit(time.time() - ago_s, 90, last_look_s=0.01))


async def test_an_end_before_the_limit_counts_though_it_is_seen_after(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    assert (await wait(ref, Limit(time.time() - 5, 90)))["status"] == fakes.COMPLETE


async def test_transitions_are_told_once(
    store: Any, fakes: ModuleType, ref: CubeRef, wait: Callable[..., Any]
) -> None:
    waiting = asyncio.create_task(wait(ref))
    await store.until_asked("watch")
    pending = [fakes.condition("Initialized", "False", "PodPending", "ImagePullBackOff")]
    store.set_status(ref, {"conditions": pending})
    store.set_status(ref, {"conditions": pending, "phase": "Pending"})
    store.set_status(ref, fakes.COMPLETE)
    await waiting
    assert wait.log.lines == [  # type: ignore[attr-defined]  # see the fixture
        "DataCube default/x: Pending",
        "DataCube default/x: Pending (PodPending: ImagePullBackOff)",
        "DataCube default/x: Succeeded (Done)",
    ]


@pytest.mark.parametrize("outage_s", [60, 3600])
async def test_an_outage_is_survived_however_long_it_is(
    outage_s: float, fakes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    @asynccontextmanager
    async def connect() -> AsyncIterator[None]:
        if sum(pauses) < outage_s:
            raise LATER
        yield

    async def follow(_: None) -> str:
        return "the end"

    monkeypatch.setattr(_faults, "asyncio", SimpleNamespace(sleep=sleep))
    assert await persist(connect, follow, Faults(Pace(), fakes.Quiet())) == "the end"
    assert sum(pauses) < outage_s + Pace().longest_pause_s
    assert outage_s / Pace().longest_pause_s <= len(pauses) < 20 + outage_s / 7


def test_pauses_grow_to_a_bound_and_are_spread() -> None:
    pace = Pace(first_pause_s=1, longest_pause_s=8)
    pauses = [[pace.pause_s(faults) for _ in range(50)] for faults in (0, 1, 2, 3, 50)]
    for longest, some in zip((1, 2, 4, 8, 8), pauses, strict=True):
        assert all(longest / 2 <= pause <= longest for pause in some)
        assert len(set(some)) > 1
