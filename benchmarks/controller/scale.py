"""
What a controller costs for thousands of DataCubes: ours beside one that is written with kopf.

The embedded API server and a stand-in for the pods live in this process, each controller in one of
its own. First a DataCube at a time (from its creation to its Job), then thousands at once
(requests, CPU, memory), then ten thousand finished ones, found by a new process (memory). ::

    python benchmarks/controller/scale.py                               # ours: two minutes
    python -m venv /tmp/kopf && /tmp/kopf/bin/pip install kopf==1.45.2
    python benchmarks/controller/scale.py --kopf-python /tmp/kopf/bin/python   # both

Neither has a limit on its requests here, unless ``--qps`` gives ours one. What has not ended after
``--limit`` seconds is counted and told.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from world import NAMESPACE, served

from datacube_runtime.local.loops import fastest

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from world import World

WRITES = ("POST", "PATCH", "PUT", "DELETE")
ROWS = (
    ("from creation to Job when idle, median", "{:.0f} ms", "< 100 ms"),
    ("  the slowest of them", "{:.0f} ms", ""),
    ("writes per DataCube", "{:.2f}", "<= 4"),
    ("  of which Events", "{:.2f}", ""),
    ("reads per DataCube", "{:.2f}", ""),
    ("CPU of the controller", "{:.1f} s", ""),
    ("CPU of API and stand-in, beside it", "{:.1f} s", ""),
    ("until all have ended", "{:.0f} s", ""),
    ("not ended when the time was up", "{:.0f}", ""),
    ("memory at the beginning", "{:.0f} MB", ""),
    ("  at most", "{:.0f} MB", ""),
    ("  when all have ended", "{:.0f} MB", ""),
    ("memory over so many finished ones", "{:.0f} MB", "< 150 MB"),
)


@dataclass(frozen=True)
class Contender:
    """A controller: how it is started, and how many finished DataCubes it has to find."""

    name: str
    command: tuple[str, ...]
    finished: int

    @contextmanager
    def running(self, world: World) -> Iterator[psutil.Process]:
        """Run it over a world."""
        env = {"KUBECONFIG": str(world.kubeconfig), "PATH": "/usr/bin:/bin"}
        command = [word.format(kubeconfig=world.kubeconfig) for word in self.command]
        started = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait(30)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cubes", type=int, default=3000, help="at once (%(default)s)")
    parser.add_argument(
        "--finished", type=int, default=10_000, help="in the end (%(default)s), of ours"
    )
    parser.add_argument("--kopf-python", type=Path, help="python that has kopf")
    parser.add_argument("--only", choices=("ours", "kopf"), help="one of them")
    parser.add_argument("--qps", default="0", help="limit of ours on its requests; 0: none")
    parser.add_argument(
        "--limit",
        type=float,
        default=600,
        help="seconds until all have to have ended (%(default)s)",
    )
    given = parser.parse_args()
    ours = (sys.executable, "-m", "datacube_runtime.controller", "--kubeconfig", "{kubeconfig}")
    contenders = [Contender("ours", (*ours, "--listen", "off", "--qps", given.qps), given.finished)]
    if given.kopf_python is not None:
        script = str(Path(__file__).parent / "with_kopf" / "controller.py")
        kopf = (str(given.kopf_python), "-m", "kopf", "run", "--quiet", "-n", NAMESPACE, script)
        contenders.append(Contender("kopf", kopf, given.cubes))
    print(f"{given.cubes} at once, {given.finished} found later (by ours)")
    with asyncio.Runner(loop_factory=fastest()) as runner:
        for contender in contenders:  # each told at once: the next one may take long
            if given.only in (None, contender.name):
                values = runner.run(measured(contender, given.cubes, given.limit))
                show(contender.name, values)


def show(name: str, values: list[float | None]) -> None:
    """Print what was measured of one controller."""
    print(f"\n{name}")
    for (what, form, aim), value in zip(ROWS, values, strict=True):
        if value is not None:
            print(f"{what:42}{form.format(value):>12}{aim:>12}", flush=True)


async def measured(contender: Contender, cubes: int, limit_s: float) -> list[float | None]:
    """Return the values of all rows."""
    with tempfile.TemporaryDirectory() as directory:
        async with served(Path(directory)) as world:
            with contender.running(world) as process:
                await until_at_work(world)
                idle = await one_at_a_time(world)
                at_first = megabytes(process, "VmRSS")
                values = await all_at_once(world, process, cubes, limit_s)
                in_the_end = megabytes(process, "VmRSS")
                most = megabytes(process, "VmHWM")
            found = await over_finished_ones(world, contender)
    return [*idle, *values, at_first, most, in_the_end, found]


async def over_finished_ones(world: World, contender: Contender) -> float | None:
    """Return the most memory of a process that finds so many finished ones, and runs one more."""
    if world.finished >= contender.finished:
        return None
    for index in range(world.finished, contender.finished):
        world.add_finished(f"finished-{index}")
    with contender.running(world) as process:
        world.create("last")
        await world.until_finished(world.finished + 1)
        return megabytes(process, "VmHWM")


async def until_at_work(world: World) -> None:
    """Return when a first DataCube has ended."""
    world.create("first")
    await world.until_finished(1)


async def one_at_a_time(world: World, number: int = 20) -> tuple[float, float]:
    """Return how long it took to a Job, in milliseconds: the median, and the longest."""
    for index in range(number):
        world.create(f"idle-{index}")
        await world.until_finished(index + 2)
    took = [1000 * s for name, s in world.to_job_s.items() if name.startswith("idle")]
    return statistics.median(took), max(took)


async def all_at_once(
    world: World, process: psutil.Process, cubes: int, limit_s: float
) -> list[float | None]:
    """Return writes, Events and reads per DataCube, CPU seconds, seconds, and how many are left."""
    await asyncio.sleep(2)  # for what the last one leaves to be done
    world.requests.clear()
    here = psutil.Process()
    before, cpu_s, began = world.finished, used_s(process), time.monotonic()
    cpu_here_s = used_s(here)
    await world.create_all("cube", cubes)
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await world.until_finished(before + cubes)
    took_s, left = time.monotonic() - began, before + cubes - world.finished
    await asyncio.sleep(2)
    return [
        total(world.requests, WRITES) / cubes,
        sum(n for (verb, what), n in world.requests.items() if (verb, what) == ("POST", "events"))
        / cubes,
        total(world.requests, ("GET",)) / cubes,
        used_s(process) - cpu_s,
        used_s(here) - cpu_here_s,
        took_s,
        left or None,
    ]


def total(requests: Counter[tuple[str, str]], verbs: tuple[str, ...]) -> int:
    """Return how many requests had one of these verbs."""
    return sum(number for (verb, _), number in requests.items() if verb in verbs)


def used_s(process: psutil.Process) -> float:
    """Return the CPU time that a process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


def megabytes(process: psutil.Process, what: str) -> float:
    """Return the memory of a process: VmRSS now, VmHWM at most."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
