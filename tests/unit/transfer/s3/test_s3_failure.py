from __future__ import annotations

import pytest

from datacube_runtime.transfer.s3.environment import Service
from datacube_runtime.transfer.s3.failure import Answer, failure, last_answer
from datacube_runtime.transfer.s3.uri import Uri
from datacube_runtime.transfer.steps import Finished

SOMEBODY = Service("https://s3.test", access_key_id="AK1", secret_access_key="x")
URI = Uri("bucket", "a/b")


def _line(operation: str, status: int, code: str = "") -> str:
    said = f"api error {code}: Some words." if code else "request send failed, Get: EOF"
    return (
        f"p/x: Failed to copy: operation error S3: {operation}, https response error StatusCode: "
        f"{status}, RequestID: 18EA, HostID: , {said}"
    )


def _failed(*tail: str, code: int = 1, service: Service = SOMEBODY) -> tuple[str, str]:
    error = failure("copy", Finished(code, "", tail), service, URI)
    return str(error.reason), str(error)


@pytest.mark.parametrize(
    ("operation", "status", "code", "reason", "mend"),
    [
        ("ListObjects", 403, "SignatureDoesNotMatch", "AuthenticationFailed", "s3-secret-access"),
        ("ListObjects", 403, "InvalidAccessKeyId", "AuthenticationFailed", "s3-access-key-id"),
        ("GetObject", 400, "ExpiredToken", "AuthenticationFailed", "ExpiredToken"),
        ("GetObject", 403, "RequestTimeTooSkewed", "AuthenticationFailed", "clock"),
        ("PutObject", 403, "AccessDenied", "PermissionDenied", "PutObject: AccessDenied"),
        ("HeadObject", 403, "Forbidden", "PermissionDenied", "ask the owner"),
        ("CreateBucket", 403, "AccessDenied", "PermissionDenied", "s3-no-check-bucket"),
        ("CreateBucket", 409, "BucketAlreadyExists", "PermissionDenied", "s3-no-check-bucket"),
        ("CreateBucket", 400, "InvalidBucketName", "InvalidOption", "s3-uri: "),
        ("ListObjectsV2", 301, "PermanentRedirect", "InvalidOption", "s3-region or s3-endpoint"),
        ("PutObject", 404, "NoSuchBucket", "SourceNotFound", "there is no bucket 'bucket'"),
        ("GetObject", 404, "NoSuchKey", "SourceNotFound", "NoSuchKey"),
        ("PutObject", 503, "SlowDown", "NetworkError", "503"),
        ("PutObject", 429, "TooManyRequests", "NetworkError", "429"),
        ("PutObject", 400, "RequestTimeout", "NetworkError", "RequestTimeout"),
        ("PutObject", 408, "", "NetworkError", "408"),
        ("PutObject", 507, "XMinioStorageFull", "NoSpaceLeft", "https://s3.test has no room left"),
        ("UploadPart", 400, "BadDigest", "VerificationFailed", "BadDigest"),
        ("PutObject", 0, "", "NetworkError", "did not answer (s3-endpoint)"),
        ("PutObject", 400, "EntityTooLarge", "EngineFailed", "EntityTooLarge"),
    ],
)
def test_the_code_of_the_answer_is_the_reason(
    operation: str, status: int, code: str, reason: str, mend: str
) -> None:
    got, message = _failed("something else", _line(operation, status, code))
    assert got == reason
    assert mend in message


def test_nobody_in_particular_is_asked_for_keys() -> None:
    line = _line("ListObjects", 403, "AccessDenied")
    reason, message = _failed(line, service=Service("https://s3.test"))
    assert reason == "AuthenticationFailed"
    assert "add the options s3-access-key-id and s3-secret-access-key" in message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a: Failed to copy: write /v/a: no space left on device", "NoSpaceLeft"),
        ("a: Failed to copy: write /v/a: disk quota exceeded", "NoSpaceLeft"),
        ("no space left on device is the name of a file: broken", "EngineFailed"),
        ("a: corrupted on transfer: md5 hashes differ src x vs dst y", "VerificationFailed"),
        ("a: AccessDenied of some other kind", "EngineFailed"),
    ],
)
def test_what_the_machine_says_is_a_reason_too(line: str, reason: str) -> None:
    assert _failed(line, "Attempt 1/2 failed with 1 errors")[0] == reason


def test_an_exit_code_of_a_missing_directory_is_a_missing_bucket() -> None:
    assert _failed("Failed to copy: directory not found", code=3)[0] == "SourceNotFound"


def test_an_unknown_failure_shows_the_last_words() -> None:
    assert _failed("a", "b", "c", "d", code=7) == (
        "EngineFailed", "rclone copy exited with 7: b | c | d",
    )  # fmt: skip
    assert _failed()[1] == "rclone copy exited with 1: it said nothing"


def test_the_last_answer_counts() -> None:
    tail = (_line("GetObject", 500, "InternalError"), _line("GetObject", 403, "Forbidden"), "end")
    assert last_answer(tail) == Answer("GetObject", 403, "Forbidden")
    assert last_answer(("nothing", "here")) is None


def test_only_a_refusal_without_a_code_needs_a_second_opinion() -> None:
    assert Answer("HeadObject", 403, "Forbidden").needs_a_second_opinion
    assert Answer("HeadObject", 403, "").needs_a_second_opinion
    assert not Answer("PutObject", 403, "AccessDenied").needs_a_second_opinion
    assert not Answer("HeadObject", 404, "").needs_a_second_opinion


def test_an_answer_whose_body_got_lost_has_the_code_of_the_one_before() -> None:
    coded, bare = _line("PutObject", 400, "RequestTimeout"), _line("PutObject", 400)
    assert last_answer((coded, bare)) == Answer("PutObject", 400, "RequestTimeout")
    assert last_answer((coded, _line("PutObject", 503))) == Answer("PutObject", 503, "")
    assert last_answer((_line("GetObject", 400, "X"), bare)) == Answer("PutObject", 400, "")
