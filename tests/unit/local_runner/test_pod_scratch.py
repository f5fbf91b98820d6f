from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.files import File
from datacube_runtime.local.pods.scratch import Record, Scratch, write_files
from datacube_runtime.local.pods.termination import termination_message

if TYPE_CHECKING:
    from pathlib import Path

FALLS_BACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch(tmp_path, "uid-1")
    made.make()
    return made


def test_a_record_is_read_back(scratch: Scratch) -> None:
    assert scratch.read_record() is None
    scratch.write_record(Record())
    assert scratch.read_record() == Record(0, "")
    scratch.write_record(Record(7, "boot:1"))
    assert scratch.read_record() == Record(7, "boot:1")


def test_all_of_it_is_private(scratch: Scratch) -> None:
    scratch.directory("volumes", "v")
    for path in scratch.path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE(scratch.path.stat().st_mode) == 0o700


@pytest.mark.parametrize("uid", ["", "..", "a/b", ".x"])
def test_a_uid_is_no_path(tmp_path: Path, uid: str) -> None:
    with pytest.raises(ValueError, match="not a uid"):
        Scratch(tmp_path, uid)


@pytest.mark.parametrize("name", ["..", "a/b", ""])
def test_the_name_of_a_volume_is_no_path(scratch: Scratch, name: str) -> None:
    with pytest.raises(ContainerConfigError):
        scratch.directory("volumes", name)


@pytest.mark.parametrize("name", ["../x", "/x", ""])
def test_a_file_of_a_secret_stays_in_its_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContainerConfigError):
        write_files(tmp_path, {name: File(b"")})


def test_files_are_replaced_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "k").symlink_to(tmp_path / "outside")
    write_files(tmp_path / "v", {"k": File(b"theirs"), "deep/k": File(b"x", 0o500)})
    assert (tmp_path / "outside").read_text() == "mine"
    assert (tmp_path / "v" / "k").read_bytes() == b"theirs"
    assert (tmp_path / "v" / "deep" / "k").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "v" / "k").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "v" / "deep" / "k").stat().st_mode) == 0o500


def message_of(scratch: Scratch, policy: dict[str, str], code: int, output: str = "") -> str:
    log = scratch.path / "log"
    log.write_text(output)
    return termination_message(policy, code, scratch.termination_log, log)


def test_the_last_4096_bytes_are_the_message(scratch: Scratch) -> None:
    scratch.termination_log.write_text("a" + "é" * 4096)
    assert message_of(scratch, {}, 0) == "é" * 2048
    scratch.termination_log.write_text("é" * 4096 + "a")
    assert message_of(scratch, {}, 0) == "é" * 2047 + "a"


def test_the_output_speaks_only_for_a_silent_failure(scratch: Scratch) -> None:
    assert message_of(scratch, FALLS_BACK, 1, "words") == "words"
    assert message_of(scratch, FALLS_BACK, 0, "words") == ""
    assert message_of(scratch, {}, 1, "words") == ""
    scratch.termination_log.write_text("mine")
    assert message_of(scratch, FALLS_BACK, 1, "words") == "mine"


def test_the_output_is_cut_to_80_lines_and_2048_bytes(scratch: Scratch) -> None:
    lines = "".join(f"{number}\n" for number in range(100))
    assert message_of(scratch, FALLS_BACK, 1, lines).splitlines()[0] == "20"
    assert len(message_of(scratch, FALLS_BACK, 1, "x" * 5000)) == 2048


def test_what_is_not_a_plain_file_has_no_message(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("somebody's")
    scratch.termination_log.unlink()
    scratch.termination_log.symlink_to(tmp_path / "secret")
    assert message_of(scratch, {}, 0) == ""
    scratch.termination_log.unlink()
    os.mkfifo(scratch.termination_log)
    assert message_of(scratch, {}, 0) == ""
    scratch.termination_log.unlink()
    assert message_of(scratch, {}, 0) == ""
