from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from datacube_runtime.local.__main__ import default_directory
from datacube_runtime.local.arguments import parser, words_of
from datacube_runtime.local.instances import DataDirectoryError, Instance
from datacube_runtime.local.mishaps import sentence_of
from datacube_runtime.local.reading import PodLog, last_lines
from datacube_runtime.local.registry.store import Store
from datacube_runtime.local.reports import facts_of, lines_of, read_counts

DIRECTORY = Path("/data")
HOME = Path("/home/you")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "/home/you/.local/share/datacube-local"),
        ({"XDG_DATA_HOME": "/elsewhere"}, "/elsewhere/datacube-local"),
        ({"XDG_DATA_HOME": ""}, "/home/you/.local/share/datacube-local"),
        ({"XDG_DATA_HOME": "relative"}, "/home/you/.local/share/datacube-local"),
    ],
)
def test_the_default_directory_is_where_the_desktop_has_it(
    environment: dict[str, str], expected: str
) -> None:
    assert default_directory(environment, HOME) == Path(expected)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--port", "7443", "--no-controller"],
        ["--backoff-base", "0.5", "--log-level", "DEBUG", "--data-dir", "/x y"],
    ],
)
def test_start_is_told_all_that_up_was_told(words: list[str]) -> None:
    up = parser(DIRECTORY).parse_args(["up", *words])
    start = parser(Path("/other")).parse_args(["start", *words_of(up)])
    assert {**vars(up), "command": ""} == {**vars(start), "command": ""}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DataDirectoryError("as it is"), "as it is"),
        (OSError(errno.EADDRINUSE, "x"), "port 80 is taken"),
        (OSError(errno.EACCES, "x"), "port 80 may not be used by you"),
        (OSError(errno.EACCES, "x", "/data/token"), "/data/token is not writable"),
        (OSError(errno.EROFS, "x", "/data"), "/data is not writable"),
        (OSError(errno.ENOSPC, "x", "/data"), "no space left on the disk of /data"),
        (OSError(errno.EDQUOT, "x"), "no space left"),
        (sqlite3.DatabaseError("file is not a database"), "/data/state.db cannot be used: file is"),
    ],
)
def test_a_mishap_is_said_in_a_sentence(error: Exception, expected: str) -> None:
    assert expected in str(sentence_of(error, DIRECTORY, 80))


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EBADF, "x")])
def test_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    assert sentence_of(error, DIRECTORY, 80) is None


def test_a_pods_log_is_asked_for_as_kubernetes_has_it() -> None:
    assert PodLog("n", "p").path == "/api/v1/namespaces/n/pods/p/log?"
    wanted = PodLog("n", "../../secrets", follow=True, tail=3)
    assert wanted.path == (
        "/api/v1/namespaces/n/pods/..%2F..%2Fsecrets/log?follow=true&tailLines=3"
    )


@pytest.mark.parametrize(
    ("count", "expected"), [(0, b""), (1, b"c"), (2, b"b\nc"), (9, b"a\nb\nc")]
)
def test_the_last_lines(count: int, expected: bytes) -> None:
    assert last_lines(b"a\nb\nc", count) == expected


def test_objects_are_counted_by_kind(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    for key, name in (("/secrets", "a"), ("/secrets", "b"), ("batch/jobs", "a")):
        store.put(key, {"metadata": {"name": name, "namespace": "n", "uid": key + name}})
    assert read_counts(tmp_path / "state.db") == {"secrets": 2, "jobs.batch": 1}
    store.close()
    assert read_counts(tmp_path / "state.db") == {"secrets": 2, "jobs.batch": 1}
    assert read_counts(tmp_path / "none.db") == {}


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (None, "not running"),
        (Instance(7, "opening its state"), "starting: opening its state"),
        (Instance(7, "ready", "then", "https://a"), "running: https://a, pid 7, since then"),
    ],
)
def test_the_state_is_the_first_line(found: Instance | None, first: str, tmp_path: Path) -> None:
    lines = list(lines_of(facts_of(tmp_path, found)))
    assert lines[0] == first
    assert lines[-1] == "objects: none"
