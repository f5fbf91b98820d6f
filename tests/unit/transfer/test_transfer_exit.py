from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from datacube_api.reasons import Reason
from datacube_api.termination import Termination, read_termination
from datacube_runtime.transfer.exit import EXIT_CODES, TransferError, write_termination
from datacube_runtime.transfer.git.upload import Pushed, read_push, rejection

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.TRANSFER_SUCCEEDED, 0),
        (Reason.INVALID_OPTION, 64),
        (Reason.PUSH_REJECTED, 65),
        (Reason.NOTHING_TO_UPLOAD, 65),
        (Reason.SOURCE_NOT_FOUND, 66),
        (Reason.REVISION_NOT_FOUND, 66),
        (Reason.UNSUPPORTED, 69),
        (Reason.ENGINE_FAILED, 70),
        (Reason.LOCAL_CHANGES, 65),
        (Reason.NO_SPACE_LEFT, 73),
        (Reason.NETWORK_ERROR, 75),
        (Reason.AUTHENTICATION_FAILED, 77),
        (Reason.PERMISSION_DENIED, 77),
        (Reason.VERIFICATION_FAILED, 74),
        (Reason.CANCELLED, 143),
    ],
)
def test_a_reason_has_its_exit_code(reason: Reason, code: int) -> None:
    assert EXIT_CODES[reason] == code


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "NoSpaceLeft"),
        (errno.EDQUOT, "NoSpaceLeft"),
        (errno.EACCES, "EngineFailed"),
    ],
)
def test_what_the_system_refuses_has_a_reason(number: int, reason: str) -> None:
    error = TransferError.of(OSError(number, "words", "/volume/x"))
    assert (error.reason, str(error)) == (reason, "words: /volume/x")


def test_the_last_words_replace_what_was_there_and_keep_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("x" * 5000)
    inode = path.stat().st_ino
    write_termination(path, Termination(Reason.CANCELLED, "m" * 9000))
    assert path.stat().st_ino == inode
    said = read_termination(path.read_text())
    assert said
    assert said.reason is Reason.CANCELLED


def test_what_a_push_did_is_read() -> None:
    output = (
        "To https://h/x.git\n"
        "*\trefs/heads/a:refs/heads/b\t[new branch]\n"
        " \trefs/heads/c:refs/heads/c\t1234567..89abcde\n"
        "Done\n"
    )
    assert read_push(output) == [
        Pushed("*", "refs/heads/b", "[new branch]"),
        Pushed(" ", "refs/heads/c", "1234567..89abcde"),
    ]


def test_one_rejected_ref_is_a_rejected_push() -> None:
    error = rejection([Pushed("*", "refs/heads/a", "[new branch]"),
                       Pushed("!", "refs/heads/b", "[rejected] (fetch first)")])  # fmt: skip
    assert error
    assert error.reason is Reason.PUSH_REJECTED
    assert str(error).endswith(": b [rejected] (fetch first)")


def test_what_was_taken_or_up_to_date_is_no_error() -> None:
    assert rejection([Pushed("=", "refs/heads/a", "[up to date]")]) is None
