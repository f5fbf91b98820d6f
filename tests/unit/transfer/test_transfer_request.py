from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datacube_api.direction import Direction, ServiceType
from datacube_runtime.transfer.request import read_request, termination_log

PLAIN = ["git", "download", "--volume", "/volume", "--sub-path", "a b"]


def test_the_arguments_of_the_container_are_read() -> None:
    argv = [*PLAIN, "--termination-log", "/t", "--", "--depth", "1", "--"]
    request = read_request(argv, {"URL": "u"})
    assert (request.type, request.direction) == (ServiceType.GIT, Direction.DOWNLOAD)
    assert (request.volume, request.sub_path) == (Path("/volume"), "a b")
    assert request.extra_args == ("--depth", "1", "--")


def test_a_flag_after_the_dashes_is_the_authors_and_not_ours() -> None:
    assert read_request([*PLAIN, "--", "--sync"], {}).sync is False


@pytest.mark.parametrize("sub_path", ["", "-x", "--sync", "a=b"])
def test_a_sub_path_is_never_taken_for_a_flag(sub_path: str) -> None:
    request = read_request(["git", "upload", "--volume", "/v", "--sub-path", sub_path, "--"], {})
    assert (request.sub_path, request.sync) == (sub_path, False)


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        (["ftp", "download", "--volume", "/v"], "type"),
        (["git", "sideways", "--volume", "/v"], "direction"),
        (["git", "download"], "arguments"),
        (["git", "download", "--volume", "/v", "--unknown"], "arguments"),
        (["git", "download", "--volume", "/v", "--sync"], "sync"),
        (["s3", "upload", "--volume", "/v", "--sync"], "sync"),
        ([], "arguments"),
    ],
)
def test_what_is_wrong_is_named(argv: list[str], field: str, refusal: Any) -> None:
    reason, message = refusal(read_request, argv, {})
    assert reason == "InvalidOption"
    assert message.startswith(f"{field}: ")


def test_sync_is_for_downloads_from_s3() -> None:
    assert read_request(["s3", "download", "--volume", "/v", "--sync"], {}).sync


def test_an_option_is_its_variable_without_white_space_round_it() -> None:
    request = read_request(PLAIN, {"PATH_IN_REPO": " a b\n"})
    assert request.option("path-in-repo") == "a b"
    assert request.option("token") == ""


def test_a_request_shows_no_values() -> None:
    request = read_request([*PLAIN, "--", "--push-option=canary"], {"TOKEN": "canary"})
    assert "canary" not in repr(request)


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["--termination-log", "/t"], "/t"),
        (["nonsense", "--termination-log", "/t", "--", "--termination-log", "/no"], "/t"),
        (["--", "--termination-log", "/no"], "/dev/termination-log"),
        (["--termination-log"], "/dev/termination-log"),
        ([], "/dev/termination-log"),
    ],
)
def test_the_last_words_find_their_place_whatever_is_wrong(argv: list[str], path: str) -> None:
    assert termination_log(argv) == Path(path)
