from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.apiserver.logs import chunks, read_query, refuse_unstarted
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_runtime.local.registry.registry import Registry

Make = Any


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
    wanted = read_query(pod, query)
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


@pytest.mark.parametrize("query", [{"container": "other"}, {"tailLines": "x"}])
def test_queries_that_make_no_sense_are_refused(made: Any, query: dict[str, str]) -> None:
    with pytest.raises(ApiStatusError) as caught:
        read_query(made, query)
    assert caught.value.code == 400


def test_a_pod_that_did_not_start_has_no_log(made: Any, log: Path) -> None:
    with pytest.raises(ApiStatusError, match="waiting to start"):
        refuse_unstarted(made, log)
    log.touch()
    refuse_unstarted(made, log)
