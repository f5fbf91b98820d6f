from __future__ import annotations

import os
import signal
from typing import Any

import psutil
import pytest

LARGE = os.urandom(64 * 1024**2 + 1)
IN_PARTS = ("--s3-upload-cutoff=16M", "--s3-chunk-size=16M")
OF_NOTHING = "md5chksum=1B2M2Y8AsgTpgAmY7PhCfg=="
LIE = ("--s3-disable-checksum", "--ignore-checksum", "--metadata", "--metadata-set", OF_NOTHING)


@pytest.fixture
def moves(commands: Any) -> Any:
    """The commands that move something."""
    return lambda: [name for name in commands() if name != "lsjson"]


@pytest.mark.parametrize("name", ["", "/big ä"])
def test_one_large_object_is_verified_while_it_arrives(
    program: Any, place: Any, tree: Any, moves: Any, name: str
) -> None:
    place.put({"big ä": LARGE}, *IN_PARTS)
    ended = program.download(S3_URI=place.uri + name)
    assert ended.code == 0, ended.everything
    assert (ended.result["files"], ended.result["transferred_bytes"]) == (1, len(LARGE))
    assert tree(program.volume) == {"big ä": LARGE}
    assert moves() == ["copyto"]
    again = program.download(S3_URI=place.uri + name)
    assert (again.code, again.result["transferred_files"]) == (0, 0)
    assert moves() == ["copyto", "copy"]


def test_a_large_object_that_is_spoiled_never_gets_its_name(
    program: Any, place: Any, tree: Any, moves: Any
) -> None:
    place.put({"big": LARGE}, *IN_PARTS, *LIE)
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert tree(program.volume) == {}
    assert moves() == ["copyto", "copy"]


def test_bytes_that_were_written_wrongly_are_found(program: Any, place: Any, tree: Any) -> None:
    place.put({"big": LARGE}, *IN_PARTS)
    zeros = f'head -c {len(LARGE)} /dev/zero > "$3"; echo zeros written >&2'
    program.wrap("rclone", f'if test "$1" = copyto; then {zeros}; else real "$@"; fi')
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert "zeros written" in ended.log
    assert tree(program.volume) == {"big": LARGE}


def test_what_fails_at_the_first_try_goes_the_ordinary_way(
    program: Any, place: Any, tree: Any
) -> None:
    place.put({"big": LARGE}, *IN_PARTS)
    program.wrap("rclone", 'test "$1" = copyto && exit 1; real "$@"')
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"big": LARGE}


def _end(process: Any, number: signal.Signals) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    if number is signal.SIGKILL:
        for child in children:
            child.kill()
    process.communicate(timeout=20)
    psutil.wait_procs(children, timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_large_download_that_is_ended_leaves_nothing_with_its_name(
    program: Any, place: Any, tree: Any, wait_until: Any, number: signal.Signals
) -> None:
    place.put({"big": LARGE}, *IN_PARTS)
    process = program.start("download", "--bwlimit=8Mi", S3_URI=place.uri)
    wait_until(lambda: any(name.startswith("big.") for name in tree(program.volume)))
    _end(process, number)
    assert "big" not in tree(program.volume)
    if number is signal.SIGTERM:
        assert process.returncode == 143
        assert tree(program.volume) == {}
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"big": LARGE}


@pytest.mark.parametrize("extra", ["--ignore-checksum", "--retries=1"])
def test_what_the_author_wants_otherwise_goes_the_ordinary_way(
    program: Any, place: Any, tree: Any, moves: Any, extra: str
) -> None:
    place.put({"big": LARGE}, *IN_PARTS)
    ended = program.download(extra, S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"big": LARGE}
    assert moves() == ["copy"]
