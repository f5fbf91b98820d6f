from __future__ import annotations

import pytest

from datacube_runtime.transfer.git.failure import (
    last_status,
    local_failure,
    network_failure,
    spoke_git,
)
from datacube_runtime.transfer.git.url import Credential, Remote
from datacube_runtime.transfer.steps import Finished

REMOTE = Remote("https://h/x.git", "x", Credential("u", "p"))
HEADER = "12:00:00.000000 http.c:756  <= Recv header: "


@pytest.mark.parametrize(
    ("trace", "status"),
    [
        ("", None),
        ("12:00 http.c:756 == Info: Could not resolve host: h\n", 0),
        (f"{HEADER}HTTP/1.1 401 Unauthorized\n{HEADER}HTTP/2 200\n", 200),
        (f"{HEADER}HTTP/1.1 200 Connection established\n{HEADER}HTTP/1.1 404 Not Found\n", 404),
        (f"{HEADER}X-Echo: HTTP/1.1 401\n", 0),
    ],
)
def test_the_last_status_of_the_trace_counts(trace: str, status: int | None) -> None:
    assert last_status(trace) == status


@pytest.mark.parametrize(
    ("status", "tail", "reason"),
    [
        (401, (), "AuthenticationFailed"),
        (403, (), "PermissionDenied"),
        (407, (), "AuthenticationFailed"),
        (404, (), "SourceNotFound"),
        (410, (), "SourceNotFound"),
        (429, (), "NetworkError"),
        (500, (), "NetworkError"),
        (503, (), "NetworkError"),
        (0, ("fatal: unable to access",), "NetworkError"),
        (200, ("error: RPC failed; curl 18 transfer closed", "fatal: early EOF"), "NetworkError"),
        (200, ("remote: error: RPC failed; curl 18 x",), "EngineFailed"),
        (200, ("fatal: protocol error",), "EngineFailed"),
        (None, ("fatal: depth x is not a positive number",), "EngineFailed"),
        (200, ("fatal: write error: No space left on device",), "NoSpaceLeft"),
        (200, ("error: x: Disk quota exceeded",), "NoSpaceLeft"),
        (200, ("remote: No space left on device",), "EngineFailed"),
    ],
)
def test_a_failure_has_the_reason_of_its_facts(
    status: int | None, tail: tuple[str, ...], reason: str
) -> None:
    assert network_failure("fetch", Finished(128, "", tail), status, REMOTE).reason == reason


def test_words_of_the_engine_decide_nothing() -> None:
    finished = Finished(128, "", ("fatal: Authentication failed", "fatal: repository not found"))
    assert network_failure("fetch", finished, 200, REMOTE).reason == "EngineFailed"


def test_what_only_words_tell_is_told_in_words() -> None:
    error = local_failure("checkout", Finished(1, "", ("a", "b", "c", "d")))
    assert str(error) == "git checkout exited with 1: b | c | d"


def test_who_gave_no_credential_is_told_so() -> None:
    anonymous = Remote(REMOTE.url, REMOTE.name)
    assert "option token" in str(network_failure("clone", Finished(128), 401, anonymous))


@pytest.mark.parametrize(
    ("line", "spoke"),
    [
        ("Content-Type: application/x-git-upload-pack-advertisement", True),
        ("content-type: application/x-git-upload-pack-result", True),
        ("Content-Type: text/html", False),
        ("X: content-type: application/x-git-x", False),
    ],
)
def test_a_git_server_is_known_by_its_content_type(line: str, spoke: bool) -> None:  # noqa: FBT001 - the expectation
    assert spoke_git(f"{HEADER}{line}\n") is spoke
