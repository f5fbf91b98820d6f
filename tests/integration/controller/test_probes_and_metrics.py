"""What a controller process tells of itself over HTTP, and that it is the truth."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from datacube_api.reasons import Reason
from datacube_api.status import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_PORT = ("--listen", "127.0.0.1:0")


@pytest.fixture
def ask(until: Any) -> Callable[..., Any]:
    async def asked(process: Any, path: str) -> tuple[int, str]:
        await until(process.address)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{process.address()}{path}") as answer,
        ):
            return answer.status, await answer.text()

    return asked


async def ready(ask: Any, process: Any) -> bool:
    status, _ = await ask(process, "/readyz")
    return bool(status == 200)


async def wait_until_ready(ask: Any, process: Any) -> None:
    while not await ready(ask, process):
        pass


async def test_it_is_alive_but_not_ready_while_it_cannot_reach_the_cluster(
    start: Any, ask: Any, server_stopped: Any
) -> None:
    async with server_stopped():
        process = start(*ANY_PORT)
        assert await ask(process, "/livez") == (200, "ok")
        status, why = await ask(process, "/readyz")
        assert status == 503
        assert "not everything there is has been seen yet" in why
    await wait_until_ready(ask, process)


async def test_a_candidate_is_not_ready_while_nobody_answers_about_the_lease(
    start: Any, ask: Any, server_stopped: Any, until: Any
) -> None:
    async with server_stopped():
        process = start("--leader-elect", "--lease-namespace", "default", *ANY_PORT)
        await until(lambda: "cannot ask for the lease" in process.log())
        assert await ask(process, "/livez") == (200, "ok")
        assert await ask(process, "/readyz") == (
            503,
            "the API server does not answer about the lease",
        )
    await wait_until_ready(ask, process)


async def test_a_follower_is_ready_too(start: Any, ask: Any) -> None:
    elect = ("--leader-elect", "--lease-namespace", "default")
    pair = [start(*elect, *ANY_PORT, log=f"{name}.log") for name in "ab"]
    for process in pair:
        await wait_until_ready(ask, process)
    leads: list[str] = []
    async with asyncio.timeout(10):
        while leads != ["0.0", "1.0"]:
            said = [(await ask(process, "/metrics"))[1] for process in pair]
            leads = sorted(re.findall(r"^datacube_leader (.*)$", "\n".join(said), re.MULTILINE))


async def test_the_numbers_of_a_transfer(world: Any, start: Any, ask: Any, until: Any) -> None:
    process = start(*ANY_PORT)
    world.apply()
    await until(world.job)
    world.make_pod()
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    running = 'datacube_transfers_running{direction="download",type="git"}'
    while f"{running} 1.0" not in (await ask(process, "/metrics"))[1]:
        pass
    world.pod_ends(Reason.TRANSFER_SUCCEEDED, "done", bytes=4096)
    world.job_says("Complete", succeeded=1)
    await until(lambda: world.outcome().phase is Phase.SUCCEEDED)
    while f"{running} 0.0" not in (await ask(process, "/metrics"))[1]:
        pass
    _, text = await ask(process, "/metrics")
    service = 'direction="download"'
    for line in (
        f'datacube_transfers_finished_total{{{service},reason="TransferSucceeded",type="git"}} 1.0',
        f'datacube_transfer_bytes_total{{{service},type="git"}} 4096.0',
        'datacube_api_requests_total{code="201",resource="jobs",verb="create"} 1.0',
        'datacube_reconciles_total{result="success"}',
        'datacube_events_total{result="sent"}',
        "datacube_queue_depth 0.0",
        "datacube_leader 1.0",
    ):
        assert line in text
    passes = re.search(r"^datacube_reconcile_duration_seconds_count (.*)$", text, re.MULTILINE)
    assert passes is not None
    assert float(passes[1]) > 1
    assert "cube-batchjob" not in text
    assert await process.end(signal.SIGTERM) == 0


async def test_its_requests_keep_to_the_limit_that_it_was_given(start: Any, ask: Any) -> None:
    began, made = time.monotonic(), 0.0
    process = start("--qps", "0.5", "--burst", "1", *ANY_PORT)
    async with asyncio.timeout(30):
        while made < 3:
            _, text = await ask(process, "/metrics")
            counts = re.findall(r"^datacube_api_requests_total\{.*\} (.*)$", text, re.MULTILINE)
            made = sum(map(float, counts))
    assert time.monotonic() - began >= 2 / 0.5


async def test_an_address_that_is_taken_is_said_in_a_sentence(start: Any, ask: Any) -> None:
    first = start(*ANY_PORT)
    await ask(first, "/livez")
    second = start("--listen", first.address(), log="second.log")
    assert await second.wait() == 1
    assert "--listen: cannot serve on" in second.log()
