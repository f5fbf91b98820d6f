"""
What a transfer from and to a Hugging Face hub costs, beside `hf download` and `hf upload`.

One hub on this machine, written in Python, which shares its processors with the client: read
ratios, not rates. The programs take turns, so that noise hits all of them. Ours verifies every byte
by its hash while it is timed; `hf` compares sizes. The memory is that of the largest process.

    python benchmarks/transfers/huggingface.py --rounds 5 --scale 1    # the cases of the issue
    python benchmarks/transfers/huggingface.py                         # a few minutes
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.hub_server import HubServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KIB, MIB = 1024, 1024**2
CASES = {"one file of 1 GiB": (1, 1024 * MIB), "200 x 5 MiB": (200, 5 * MIB),
         "10,000 x 4 KiB": (10_000, 4 * KIB)}  # fmt: skip
TOKEN = "token-of-the-benchmark"  # noqa: S105 - of a hub that lives as long as this program
SCRIPTS = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True)
class Cost:
    """One run: seconds, those of processors, and MiB of the largest process."""

    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Bench:
    """A hub, and a directory to work in."""

    hub: HubServer
    root: Path

    def ours(self, direction: str, repo: str, directory: Path, *, xet: bool) -> Cost:
        """Run the transfer program."""
        argv = [sys.executable, "-m", "datacube_runtime.transfer", "huggingface", direction]
        argv += ["--volume", str(directory), "--termination-log", str(self.root / "termination")]
        return self._run(argv, {"TOKEN": TOKEN, "REPO": repo, "HF_HUB_DISABLE_XET": _no(xet)})

    def theirs(self, direction: str, repo: str, directory: Path, *, xet: bool) -> Cost:
        """Run the library's own program."""
        argv = [str(SCRIPTS / "hf"), direction, repo]
        argv += [str(directory)] if direction == "upload" else ["--local-dir", str(directory)]
        more = {
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": _no(xet),
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        }
        return self._run(argv, {"HF_HOME": str(self.root / "home"), **more})

    def _run(self, argv: list[str], variables: dict[str, str]) -> Cost:
        environment = {"PATH": os.environ["PATH"], "HF_ENDPOINT": self.hub.url, **variables}
        with (self.root / "log").open("wb") as log:
            began = time.monotonic()
            process = subprocess.Popen(
                argv,
                env=environment,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).resolve().parents[2],
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit((self.root / "log").read_text(errors="replace"))
        return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / KIB)


def _no(xet: bool) -> str:  # noqa: FBT001 - the one thing it is about
    return "0" if xet else "1"


def _make(directory: Path, count: int, size: int) -> None:
    noise = random.Random(size)  # noqa: S311 - the same bytes in every run
    name = "weights-{}.bin" if size > MIB else "{}.json"
    directory.mkdir()
    for number in range(count):
        with (directory / name.format(number)).open("wb") as file:
            for _ in range(max(1, size // MIB)):
                file.write(noise.randbytes(min(size, MIB)))


def _measure(bench: Bench, source: Path, rounds: int) -> Iterator[tuple[str, str, list[Cost]]]:
    """Yield direction, program and costs; each upload is to a repository of its own."""
    programs = {
        f"{name}, {'xet' if xet else 'http'}": (run, xet)
        for xet in (False, True)
        for name, run in (("this", bench.ours), ("hf", bench.theirs))
    }
    costs: dict[tuple[str, str], list[Cost]] = {}
    for number in range(rounds):
        for name, (run, xet) in programs.items():
            repo = f"bench/{source.name}-{number}-{list(programs).index(name)}"
            up = run("upload", repo, source, xet=xet)
            target = bench.root / "target"
            target.mkdir()
            down = run("download", repo, target, xet=xet)
            _compare(source, target)
            shutil.rmtree(target)
            costs.setdefault(("upload", name), []).append(up)
            costs.setdefault(("download", name), []).append(down)
            _forget(bench.hub)
    for (direction, name), runs in sorted(costs.items()):
        yield direction, name, runs


def _compare(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if (target / path.name).stat().st_size != path.stat().st_size:
            sys.exit(f"{path.name} did not arrive")


def _forget(hub: HubServer) -> None:
    """Let nothing be there already when the next one uploads the same."""
    for directory in (hub.store.blobs, hub.store.xet):
        shutil.rmtree(directory)
        directory.mkdir()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.1, help="of the sizes and numbers")
    parser.add_argument("--case", choices=list(CASES), action="append")
    args = parser.parse_args()
    with TemporaryDirectory() as root, HubServer(Path(root) / "hub", TOKEN) as hub:
        bench = Bench(hub, Path(root))
        for index, case in enumerate(args.case or CASES):
            count, size = CASES[case]
            scaled = (1, int(size * args.scale)) if count == 1 else (int(count * args.scale), size)
            source = Path(root) / f"source{index}"
            _make(source, *scaled)
            print(f"\n{case} (scale {args.scale}, median of {args.rounds})")
            for direction, name, runs in _measure(bench, source, args.rounds):
                seconds = statistics.median(run.seconds for run in runs)
                memory = max(run.memory for run in runs)
                cpu = statistics.median(run.cpu for run in runs)
                print(
                    f"  {direction:9} {name:10} {seconds:7.2f} s {cpu:6.2f} s cpu {memory:6.0f} MiB"
                )


if __name__ == "__main__":
    main()
