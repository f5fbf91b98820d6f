from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.direction import Direction
from datacube_runtime.transfer.s3.args import ALLOWED, COPY, LIST

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN, UP = Direction.DOWNLOAD, Direction.UPLOAD
DANGEROUS = (
    "--config", "--backup-dir", "--compare-dest", "--copy-dest", "--files-from", "--filter-from",
    "--include-from", "--exclude-from", "--password-command", "--metadata-mapper", "--dump",
    "--dump-headers", "--log-file", "--rc", "--header", "--links", "-l", "--copy-links", "-L",
    "--inplace", "--partial-suffix", "--delete-before", "--delete-during", "--delete-excluded",
    "--dry-run", "-n", "--no-check-certificate", "--ca-cert", "--s3-endpoint", "--s3-profile",
    "--s3-secret-access-key", "--s3-sse-customer-key", "--s3-shared-credentials-file", "-v",
    "--temp-dir", "--cache-dir", "--suffix", "--track-renames", "--interactive", "--bind",
    "--s3-env-auth", "--cpuprofile", "--memprofile", "--absolute", "--filter", "-f",
)  # fmt: skip


@pytest.mark.parametrize("direction", [DOWN, UP])
def test_what_tunes_is_passed_on(direction: Direction) -> None:
    given = ["--transfers", "8", "--bwlimit=10M", "-c", "--multi-thread-streams=2"]
    expected = ("--transfers=8", "--bwlimit=10M", "--checksum", "--multi-thread-streams=2")
    read = ALLOWED[direction].read(given)
    assert (read.of(COPY), read.of(LIST)) == (expected, ())


def test_what_chooses_goes_to_the_listing_too() -> None:
    given = ["--include", "*.bin", "--max-size=1G", "--exclude=--config=/x"]
    read = ALLOWED[DOWN].read(given)
    assert read.of(LIST) == ("--include=*.bin", "--max-size=1G", "--exclude=--config=/x")
    assert read.of(COPY) == read.of(LIST)


def test_storage_classes_are_for_uploads(refusal: Callable[..., tuple[str, str]]) -> None:
    given = ["--s3-storage-class=STANDARD_IA"]
    assert ALLOWED[UP].read(given).of(COPY) == tuple(given)
    assert refusal(ALLOWED[DOWN].read, given)[0] == "InvalidOption"


@pytest.mark.parametrize("argument", DANGEROUS)
@pytest.mark.parametrize("direction", [DOWN, UP])
def test_what_could_do_harm_is_refused_and_its_value_not_shown(
    refusal: Callable[..., tuple[str, str]], direction: Direction, argument: str
) -> None:
    value = "canary" if len(argument) == 2 else "=canary"
    reason, message = refusal(ALLOWED[direction].read, ["--checksum", f"{argument}{value}"])
    assert reason == "InvalidOption"
    assert message.startswith("extraArgs[1]: ")
    assert argument in message
    assert "canary" not in message
