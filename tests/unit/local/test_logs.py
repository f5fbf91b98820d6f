from __future__ import annotations

import asyncio
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.apiserver.logs import LogQuery, chunks, read_query, refuse_unreadable
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_runtime.local.registry.registry import Registry

Make = Any
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "pod.log"


@pytest.fixture
def made(registry: Registry, pod: Make) -> dict[str, Any]:
    return registry.create(PODS, "default", pod("p"))


def write(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


async def read(registry: Registry, pod: dict[str, Any], log: Path, **query: str) -> bytes:
    wanted = read_query(pod, query, NOW)
    return b"".join([chunk async for chunk in chunks(registry, pod, log, wanted)])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, b"one\ntwo\nthree"),
        ({"tailLines": "2"}, b"two\nthree"),
        ({"tailLines": "9"}, b"one\ntwo\nthree"),
        ({"tailLines": "0"}, b""),
        ({"limitBytes": "5"}, b"one\nt"),
        ({"tailLines": "1", "limitBytes": "2"}, b"th"),
    ],
)
async def test_the_wanted_part_is_read(
    registry: Registry, made: Any, log: Path, query: dict[str, str], expected: bytes
) -> None:
    write(log, b"one\ntwo\nthree")
    assert await read(registry, made, log, **query) == expected


async def test_a_long_tail_is_found_across_blocks(registry: Registry, made: Any, log: Path) -> None:
    lines = [b"%06d %s\n" % (n, b"x" * 100) for n in range(3000)]
    write(log, b"".join(lines))
    assert await read(registry, made, log, tailLines="2000") == b"".join(lines[-2000:])


async def test_one_line_without_an_end_is_read_at_once(
    registry: Registry, made: Any, log: Path
) -> None:
    write(log, b"x" * 8_000_000)
    assert len(await read(registry, made, log, tailLines="1")) == 8_000_000
    stamped = await read(registry, made, log, tailLines="1", timestamps="true")
    assert len(stamped) == 8_000_000 + len("2026-01-01T12:00:00.000000Z ")


async def test_a_long_log_is_not_read_for_its_end(registry: Registry, made: Any, log: Path) -> None:
    write(log, (b"x" * 99 + b"\n") * 100_000)
    tracemalloc.start()
    try:
        assert len(await read(registry, made, log, tailLines="10")) == 1000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
async def test_all_wishes_hold_together_for_a_running_and_an_ended_pod(
    registry: Registry, made: Any, log: Path, phase: str
) -> None:
    registry.patch(PODS, "default", "p", {"status": {"phase": phase}}, subresource="status")
    write(log, b"one\ntwo\nthree\n")
    wishes = {"tailLines": "2", "timestamps": "true", "limitBytes": "64", "follow": "true"}
    since = datetime.now(UTC) - timedelta(hours=1)
    told = await asyncio.wait_for(
        read(registry, made, log, **wishes, sinceTime=since.isoformat()), 5
    )
    assert re.sub(rb"\S+Z ", b"@", told) == b"@two\n@thre"  # 64 bytes with their times


async def test_two_follow_the_same_log(registry: Registry, made: Any, log: Path) -> None:
    write(log, b"one\ntwo\n")
    both = [
        asyncio.create_task(read(registry, made, log, follow="true")),
        asyncio.create_task(read(registry, made, log, follow="true", tailLines="1")),
    ]
    await asyncio.sleep(0)
    write(log, b"three\n")
    registry.patch(PODS, "default", "p", {"status": {"phase": "Failed"}}, subresource="status")
    async with asyncio.timeout(5):
        assert await asyncio.gather(*both) == [b"one\ntwo\nthree\n", b"two\nthree\n"]


async def test_following_ends_with_the_pod(registry: Registry, made: Any, log: Path) -> None:
    write(log, b"one\n")
    reading = asyncio.create_task(read(registry, made, log, follow="true"))
    await asyncio.sleep(0)
    write(log, b"two\n")
    assert not reading.done()
    registry.patch(PODS, "default", "p", {"status": {"phase": "Failed"}}, subresource="status")
    assert await asyncio.wait_for(reading, 5) == b"one\ntwo\n"


async def test_following_ends_when_the_pod_is_deleted(
    registry: Registry, made: Any, log: Path
) -> None:
    reading = asyncio.create_task(read(registry, made, log, follow="1"))
    await asyncio.sleep(0)
    registry.delete(PODS, "default", "p")
    assert await asyncio.wait_for(reading, 5) == b""


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"container": "other"}, 400, "container other is not valid for pod p"),
        ({"tailLines": "x"}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"tailLines": "-1"},
            422,
            "tailLines: Invalid value: -1: must be greater than or equal to 0",
        ),
        ({"limitBytes": "0"}, 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "0"}, 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        (
            {"sinceSeconds": "5", "sinceTime": "2026-01-01T00:00:00Z"},
            422,
            "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        ({"sinceTime": "x"}, 400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00"'),
        ({"sinceTime": "2026-01-01"}, 400, 'cannot parse "2026-01-01"'),
    ],
)
def test_queries_that_make_no_sense_are_refused(
    made: Any, query: dict[str, str], code: int, message: str
) -> None:
    with pytest.raises(ApiStatusError, match=re.escape(message)) as caught:
        read_query(made, query, NOW)
    assert caught.value.code == code


def test_a_time_is_told_as_such_or_as_a_distance_from_now(made: Any) -> None:
    hour_ago = NOW - timedelta(hours=1)
    assert read_query(made, {"sinceSeconds": "3600"}, NOW).since == hour_ago
    assert read_query(made, {"sinceTime": hour_ago.isoformat()}, NOW).since == hour_ago


def test_of_several_containers_one_has_to_be_named(made: Any) -> None:
    two = {**made, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    with pytest.raises(ApiStatusError, match=r"for pod p, choose one of: \[a b\]"):
        read_query(two, {}, NOW)
    assert read_query(two, {"container": "b"}, NOW) == LogQuery()


def test_a_pod_that_did_not_start_has_no_log(made: Any, log: Path) -> None:
    with pytest.raises(ApiStatusError, match="waiting to start: ContainerCreating"):
        refuse_unreadable(made, log, LogQuery())
    waits = {"state": {"waiting": {"reason": "CreateContainerConfigError"}}}
    told = {**made, "status": {"phase": "Pending", "containerStatuses": [waits]}}
    with pytest.raises(ApiStatusError, match="waiting to start: CreateContainerConfigError"):
        refuse_unreadable(told, log, LogQuery())
    log.touch()
    refuse_unreadable(made, log, LogQuery())


def test_no_container_ran_before(made: Any, log: Path) -> None:
    log.touch()
    with pytest.raises(ApiStatusError, match='previous terminated container "c" in pod "p" not'):
        refuse_unreadable(made, log, LogQuery(previous=True))
