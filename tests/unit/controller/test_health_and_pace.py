from __future__ import annotations

import pytest

from datacube_runtime.controller.health import Health
from datacube_runtime.controller.metrics import asked
from datacube_runtime.controller.ratelimit import TokenBucket


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_worker_that_hangs_makes_the_process_dead_and_unready(clock: Clock) -> None:
    health = Health(clock, stuck_s=300)
    with health.busy("worker 1"):
        clock.now += 300
        assert not health.dead()
        clock.now += 1
        assert health.dead() == ["worker 1 has been at one DataCube for 301 s"]
        assert health.unready() == health.dead()
    assert not health.dead()


def test_a_watch_that_falls_silent_makes_it_dead(clock: Clock) -> None:
    health = Health(clock, stuck_s=300)
    health.beat("the watch of pods")
    clock.now += 299
    health.beat("the watch of jobs")
    clock.now += 2
    assert health.dead() == ["the watch of pods was last heard of 301 s ago"]
    health.rest("the watch of pods")
    assert not health.dead()


def test_what_is_missing_makes_it_unready_only() -> None:
    health = Health()
    health.lack("caches", "not seen yet")
    assert health.unready() == ["not seen yet"]
    assert not health.dead()
    health.have("caches")
    assert not health.unready()


def test_a_bucket_lets_a_burst_pass_and_then_keeps_the_pace(clock: Clock) -> None:
    bucket = TokenBucket(10, 3, clock)
    assert [bucket.reserve_s() for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    clock.now += 0.3
    assert bucket.reserve_s() == pytest.approx(0)
    clock.now += 60
    assert [bucket.reserve_s() for _ in range(4)] == pytest.approx([0, 0, 0, 0.1])


def test_no_rate_is_no_limit(clock: Clock) -> None:
    bucket = TokenBucket(0, 1, clock)
    assert [bucket.reserve_s() for _ in range(100)] == [0] * 100


def test_a_bucket_that_is_empty_gives_nothing_away(clock: Clock) -> None:
    bucket = TokenBucket(1, 2, clock)
    assert [bucket.take_if_there() for _ in range(3)] == [True, True, False]
    clock.now += 1
    assert bucket.take_if_there()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/pods", ("list", "pods")),
        ("GET", "/api/v1/namespaces/ns/pods/p", ("get", "pods")),
        ("GET", "/apis/batch/v1/namespaces/ns/jobs", ("list", "jobs")),
        ("POST", "/apis/batch/v1/namespaces/ns/jobs", ("create", "jobs")),
        (
            "PATCH",
            "/apis/tensorstack.dev/v1beta1/namespaces/ns/datacubes/x/status",
            ("patch", "datacubes/status"),
        ),
        (
            "PUT",
            "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l",
            ("update", "leases"),
        ),
    ],
)
def test_requests_are_counted_without_names(
    method: str, path: str, expected: tuple[str, str]
) -> None:
    assert asked(method, path) == expected
