from __future__ import annotations

import errno
import json
from typing import Any

import pytest

from datacube_api.direction import Direction
from datacube_api.progress import Count, Phase, Progress
from datacube_runtime.transfer.huggingface.child import read_answer, read_line
from datacube_runtime.transfer.huggingface.environment import may_use_xet, needs_xet, wants_xet
from datacube_runtime.transfer.huggingface.failure import Asked, failure
from datacube_runtime.transfer.huggingface.repo import Repo, RepoType
from datacube_runtime.transfer.steps import Finished

DOWN, UP = Direction.DOWNLOAD, Direction.UPLOAD
REPO = Repo("https://hub", RepoType.MODEL, "o/n")


def _http(status: int, code: str = "", words: str = "") -> dict[str, Any]:
    return {"kind": "http", "status": status, "code": code, "words": words}


@pytest.mark.parametrize(
    ("facts", "direction", "token", "reason", "said"),
    [
        (_http(401), DOWN, True, "AuthenticationFailed", "option token"),
        (_http(401, "RepoNotFound"), DOWN, True, "AuthenticationFailed", "option token"),
        (_http(401, "RepoNotFound"), DOWN, False, "SourceNotFound", "add the option token"),
        (_http(401), UP, False, "AuthenticationFailed", "add the option token"),
        (_http(404, "RepoNotFound"), DOWN, True, "SourceNotFound", "whether the token may see it"),
        (_http(404), UP, True, "SourceNotFound", "https://hub/o/n"),
        (_http(403, "GatedRepo"), DOWN, True, "PermissionDenied", "accept its terms"),
        (_http(401, "GatedRepo"), DOWN, False, "PermissionDenied", "add the option token"),
        (_http(403, "", "no"), UP, True, "PermissionDenied", "permission to write (no)"),
        (_http(403), DOWN, True, "PermissionDenied", "permission to read"),
        (_http(404, "RevisionNotFound"), DOWN, True, "RevisionNotFound", "'main'"),
        (_http(404, "EntryNotFound"), DOWN, True, "SourceNotFound", "files: "),
        (_http(429), DOWN, True, "NetworkError", "429"),
        (_http(503), UP, True, "NetworkError", "503"),
        (_http(412), UP, True, "PushRejected", "try again"),
        (_http(400, "", "bad yaml"), UP, True, "PushRejected", "(bad yaml)"),
        (_http(418), DOWN, True, "EngineFailed", "418"),
        ({"kind": "network", "words": "ConnectError"}, DOWN, True, "NetworkError", "https://hub"),
        ({"kind": "system", "errno": errno.ENOSPC}, DOWN, True, "NoSpaceLeft", "more room"),
        ({"kind": "system", "errno": errno.EDQUOT}, DOWN, True, "NoSpaceLeft", "more room"),
        (
            {"kind": "system", "errno": errno.EACCES, "path": "/v/x"},
            UP,
            True,
            "EngineFailed",
            "/v/x",
        ),
        ({"kind": "spoiled", "path": "w"}, DOWN, True, "VerificationFailed", "'w'"),
        ({"kind": "rejected", "words": "x"}, UP, True, "PushRejected", "x"),
        ({"kind": "absent", "words": "huggingface_hub"}, UP, True, "EngineFailed", "not installed"),
        (
            {"kind": "said", "reason": "Unsupported", "words": "files: x"},
            DOWN,
            True,
            "Unsupported",
            "files: x",
        ),
        ({"kind": "other", "type": "E", "words": "x"}, UP, True, "EngineFailed", "E x"),
        ({}, UP, True, "EngineFailed", "said nothing"),
    ],
)
def test_codes_have_a_reason_and_a_mend(
    facts: dict[str, Any],
    direction: Direction,
    token: bool,  # noqa: FBT001 - a column of the table
    reason: str,
    said: str,
) -> None:
    error = failure(facts, Asked(REPO, direction, token))
    assert error.reason == reason
    assert said in str(error)


def test_lines_are_progress_or_shown_as_they_are() -> None:
    line = json.dumps({"phase": "transfer", "done": 3, "total": 9, "files": [1, 2]})
    assert read_line(line) == Progress(Phase.TRANSFER, 3, 9, Count(1, 2))
    for text in ("thread panicked", '{"note": 1}', "[1]", "3", "{"):
        assert read_line(text) == text


def test_an_answer_is_a_result_or_a_failure(refusal: Any) -> None:
    assert read_answer(Finished(0, '{"result": {"a": 1}}')) == {"result": {"a": 1}}
    for output in ("", "[]", "{}", "{", "null"):
        reason, message = refusal(read_answer, Finished(139, output, ("it crashed",)))
        assert (reason, "139" in message, "it crashed" in message) == ("EngineFailed", True, True)


@pytest.mark.parametrize(
    ("variables", "largest", "expected"),
    [
        ({}, 0, False),
        ({}, 50 * 1000**3, False),
        ({}, 50 * 1000**3 + 1, True),
        ({"HF_HUB_DISABLE_XET": "0"}, 0, True),
        ({"HF_HUB_DISABLE_XET": "1"}, 1 << 60, False),
        ({"HF_XET_HIGH_PERFORMANCE": "true"}, 0, True),
        ({"HF_HUB_DISABLE_XET": "1", "HF_XET_HIGH_PERFORMANCE": "1"}, 0, False),
    ],
)
def test_xet_is_for_who_asks_and_for_what_http_does_not_bring(
    variables: dict[str, str], largest: int, *, expected: bool
) -> None:
    assert wants_xet(variables, largest) is expected


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_a_file_that_needs_xet_gets_it_unless_it_is_switched_off(
    value: str, *, expected: bool
) -> None:
    assert may_use_xet({"HF_HUB_DISABLE_XET": value}) is expected
    assert (needs_xet(50 * 1000**3), needs_xet(50 * 1000**3 + 1)) == (False, True)
