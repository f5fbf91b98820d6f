"""
What a Git transfer costs, beside plain ``git clone`` and ``git pull`` of the same repository.

A repository of some 50,000 objects (1,000 commits over 5,000 files) on one Git server of this
machine, which shares its processors with the client: read ratios, not rates. The programs take
turns. Both make a whole clone with all branches; ours also keeps the token out of everything,
checks what is there already, and says what came.

    python benchmarks/transfers/git.py
    python benchmarks/transfers/git.py --rounds 1 --commits 100    # a minute
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.git_server import GitServer

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "token-of-the-benchmark"  # noqa: S105 - of a server that lives for this run
FILES, CHANGED_A_COMMIT = 5_000, 42
KIB = 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commits", type=int, default=1_000)
    args = parser.parse_args()
    with TemporaryDirectory(prefix="benchmark-") as directory:
        home = Path(directory)
        with GitServer(home / "server", TOKEN) as server:
            bare = server.create("repo")
            fast_import(bare, stream(args.commits))
            bench = Bench(home, f"{server.url}/repo.git")
            print(f"{count_objects(bare)} objects, medians of {args.rounds}")
            print(f"{'':44}{'seconds':>9}{'cpu s':>9}{'MiB':>6}")
            bench.compare("clone", args.rounds)
            bench.compare("with nothing new", args.rounds, keep=True)


class Bench:
    """Runs both programs against one server."""

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
        self._environment = {"PATH": path, "HOME": str(home), "TMPDIR": str(home)}
        self._ours = {"URL": url, "TOKEN": TOKEN, "REF": "main"}
        self._theirs = url.replace("://", f"://x:{TOKEN}@")

    def compare(self, what: str, rounds: int, *, keep: bool = False) -> None:
        """Measure both, in turns; ``keep``: on what the last round left."""
        spent: dict[str, list[tuple[float, float, int]]] = {"datacube-transfer": [], "git": []}
        for _ in range(rounds):
            for name, costs in spent.items():
                volume = self._home / f"volume-{name}"
                if not keep:
                    shutil.rmtree(volume, ignore_errors=True)
                    volume.mkdir()
                costs.append(self._run(name, volume))
        for name, costs in spent.items():
            seconds, cpu, rss = (statistics.median(column) for column in zip(*costs, strict=True))
            print(f"{what + ', ' + name:44}{seconds:9.2f}{cpu:9.2f}{rss / KIB:6.0f}", flush=True)

    def _run(self, name: str, volume: Path) -> tuple[float, float, int]:
        if name == "git" and (volume / "repo").exists():
            return timed(["git", "-C", str(volume / "repo"), "pull", "-q"], self._environment)
        if name == "git":
            argv = ["git", "clone", "-q", "--branch=main", self._theirs, str(volume / "repo")]
            return timed(argv, self._environment)
        log = str(self._home / "termination-log")
        argv = ["datacube-transfer", "git", "download", "--volume", str(volume)]
        return timed([*argv, "--termination-log", log], self._environment | self._ours)


def stream(commits: int) -> Iterator[bytes]:
    """Yield a repository for ``git fast-import``: files first, then a change of a few of them."""
    for n in range(commits):
        changed = range(FILES) if n == 0 else range(n, n + CHANGED_A_COMMIT)
        yield b"commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n" % (1_000_000 + n)
        for number in changed:
            text = (f"{number % FILES} {n} " * 60).encode()
            yield b"M 100644 inline %d/%d\n" % (number % FILES // 50, number % FILES)
            yield b"data %d\n%s\n" % (len(text), text)


def fast_import(bare: Path, blocks: Iterator[bytes]) -> None:
    """Fill a repository, and pack it as a server would."""
    command = ["git", "-C", str(bare), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        if process.stdin is not None:
            process.stdin.writelines(blocks)
    subprocess.run(["git", "-C", str(bare), "repack", "-adq"], check=True)


def count_objects(bare: Path) -> str:
    """Return how many objects the packs of a repository hold."""
    command = ["git", "-C", str(bare), "count-objects", "-v"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.startswith("in-pack"))


def timed(argv: list[str], environment: dict[str, str]) -> tuple[float, float, int]:
    """Run a program; return its seconds, its CPU seconds with its children's, and its KiB."""
    started = time.monotonic()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)  # fmt: skip
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}\n{said.decode()}")
    seconds = time.monotonic() - started
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


if __name__ == "__main__":
    main()
