from __future__ import annotations

from pathlib import Path

import pytest

from datacube_runtime.local.pods.mounts import Mounts

MOUNTS = Mounts(
    {
        "/volume": Path("/data/pvc"),
        "/volume/deep/": Path("/data/deep"),
        "/dev/termination-log": Path("/data/log"),
    }
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/volume", "/data/pvc"),
        ("/volume/", "/data/pvc/"),
        ("/volume/x/y", "/data/pvc/x/y"),
        ("//volume//x", "/data/pvc/x"),
        ("/volume/./x/../y", "/data/pvc/y"),
        ("/volume/deep", "/data/deep"),
        ("/volume/deep/x", "/data/deep/x"),
        ("/dev/termination-log", "/data/log"),
        ("--dir=/volume/x", "--dir=/data/pvc/x"),
        ("-o=/volume", "-o=/data/pvc"),
        ("dir=/volume", "dir=/data/pvc"),
        ("a=b=/volume", "a=b=/volume"),
        ("/volumes", "/volumes"),
        ("/volume-2/x", "/volume-2/x"),
        ("/volume/../etc/passwd", "/volume/../etc/passwd"),
        ("/etc/passwd", "/etc/passwd"),
        ("volume/x", "volume/x"),
        ("cat /volume/x", "cat /volume/x"),
        ("https://h/?a=/volume", "https://h/?a=/volume"),
        ("", ""),
        ("--", "--"),
    ],
)
def test_words_that_are_paths_of_the_container_are_made_local(word: str, expected: str) -> None:
    assert MOUNTS.localise(word) == expected


def test_a_mount_over_the_root_holds_everything() -> None:
    assert Mounts({"/": Path("/data")}).localise("/etc/x") == "/data/etc/x"
