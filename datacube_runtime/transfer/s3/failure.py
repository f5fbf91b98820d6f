"""
Why rclone failed, from the codes that S3 gave. Pure.

rclone exits with 1 for nearly everything. What S3 answered is in its words in a fixed form, HTTP
status and S3's own code; these are read, and no sentence. A HEAD request has no body and therefore
no code: such a 403 (``Forbidden``) may be a wrong key as well as a missing permission.

Source: ``ResponseError.Error`` of aws-sdk-go-v2 (``https response error StatusCode: 403, …``) and
``GenericAPIError.Error`` of smithy-go (``api error AccessDenied: …``);
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; strerror(3) as Go has it, which
is in lower case; "Exit Code" of https://rclone.org/docs/.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import FULL, TransferError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacube_runtime.transfer.s3.environment import Service
    from datacube_runtime.transfer.s3.uri import Uri
    from datacube_runtime.transfer.steps import Finished

_ANSWER = re.compile(
    r"operation error S3: (?P<operation>\w+), .*?StatusCode: (?P<status>\d+)"
    r"(?:.*? api error (?P<code>\w+): )?"
)
_WRONG_KEYS = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken",
    "TokenRefreshRequired", "InvalidSecurity", "NotSignedUp", "MissingSecurityHeader",
})  # fmt: skip
_WRONG_REGION = frozenset({
    "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException",
})  # fmt: skip
_SPOILED_ON_THE_WAY = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"})
_LATER = frozenset({"RequestTimeout", "SlowDown", "OperationAborted", "InternalError"})
_CREATE_BUCKET = "CreateBucket"
_SPOILED = "corrupted on transfer: "  # operations/copy.go of rclone: sizes or hashes differ
_NO_ROOM = (
    *(os.strerror(code).lower() for code in FULL),
    "file too big for remaining disk space",  # lib/file/preallocate_unix.go of rclone
)
_NO_ANSWER, _SERVERS_FAULT = 0, 500
_NO_DIRECTORY, _NO_FILE = 3, 4
_SHOWN_LINES = 3


@dataclass(frozen=True)
class Answer:
    """What S3 said to a request."""

    operation: str
    status: int
    code: str

    @property
    def is_silence(self) -> bool:
        """Whether nobody answered at all."""
        return self.status == _NO_ANSWER

    @property
    def needs_a_second_opinion(self) -> bool:
        """Whether it does not say if the keys are wrong or what they may do."""
        return self.status == HTTPStatus.FORBIDDEN and self.code in ("", "Forbidden")


def last_answer(tail: Sequence[str]) -> Answer | None:
    """
    Return the last answer that is not a success; None where no request is said to fail.

    Of one whose body got lost with its connection, an earlier answer of that status has the code.
    """
    found = [match for line in reversed(tail) if (match := _ANSWER.search(line))]
    answers = [Answer(m["operation"], int(m["status"]), m["code"] or "") for m in found]
    if not answers:
        return None
    last = answers[0]
    alike = (
        a for a in answers if a.code and (a.operation, a.status) == (last.operation, last.status)
    )
    return next(alike, last)


def failure(what: str, finished: Finished, service: Service, uri: Uri) -> TransferError:
    """Return why rclone failed at ``what``."""
    words = " | ".join(finished.tail[-_SHOWN_LINES:]) or "it said nothing"
    if any(line.endswith(_NO_ROOM) for line in finished.tail):
        return TransferError(Reason.NO_SPACE_LEFT, "the volume is full: give it more room")
    if any(_SPOILED in line for line in finished.tail):
        message = f"what arrived is not what was sent: {words}"
        return TransferError(Reason.VERIFICATION_FAILED, message)
    if finished.code in (_NO_DIRECTORY, _NO_FILE):
        return missing(uri, _no_bucket(service, uri))
    answer = last_answer(finished.tail)
    known = answer and (_refused(answer, service, uri) or _answered(answer, service, uri, words))
    message = f"rclone {what} exited with {finished.code}: {words}"
    return known or TransferError(Reason.ENGINE_FAILED, message)


def missing(uri: Uri, problem: str) -> TransferError:
    """Return the error of a source or bucket that is not there."""
    return TransferError(Reason.SOURCE_NOT_FOUND, f"s3-uri {uri}: {problem}")


def _no_bucket(service: Service, uri: Uri) -> str:
    """Say that there is no such bucket."""
    return f"there is no bucket {uri.bucket!r} at {service}"


def _refused(answer: Answer, service: Service, uri: Uri) -> TransferError | None:
    if answer.code in _WRONG_KEYS or answer.status == HTTPStatus.UNAUTHORIZED:
        message = (
            f"{service} did not accept the keys ({answer.code or answer.status}): check "
            "s3-access-key-id and s3-secret-access-key"
        )
    elif answer.code == "RequestTimeTooSkewed":
        message = f"{service} has another time of day than this machine: set its clock"
    elif answer.status != HTTPStatus.FORBIDDEN and answer.code != "BucketAlreadyExists":
        return None
    elif service.is_anonymous:
        message = (
            f"{service} demands credentials for {uri} and none were given: add the options "
            "s3-access-key-id and s3-secret-access-key"
        )
    else:
        return TransferError(Reason.PERMISSION_DENIED, _forbidden(answer, uri))
    return TransferError(Reason.AUTHENTICATION_FAILED, message)


def _forbidden(answer: Answer, uri: Uri) -> str:
    if answer.operation == _CREATE_BUCKET:
        return (
            f"the key may neither see nor make the bucket {uri.bucket!r} "
            f'({answer.code or answer.status}): where it is there, set s3-no-check-bucket to "true"'
        )
    return (
        f"the key may not do this at {uri} ({answer.operation}: {answer.code or answer.status}): "
        "ask the owner of the bucket for the permission"
    )


def _answered(answer: Answer, service: Service, uri: Uri, words: str) -> TransferError | None:
    if answer.code == "InvalidBucketName":
        message = f"s3-uri: {service} takes {uri.bucket!r} for no bucket name"
        return TransferError(Reason.INVALID_OPTION, message)
    if answer.code in _WRONG_REGION or answer.status == HTTPStatus.MOVED_PERMANENTLY:
        message = f"s3-region or s3-endpoint: the bucket is elsewhere ({answer.code}): {words}"
        return TransferError(Reason.INVALID_OPTION, message)
    if answer.code in _SPOILED_ON_THE_WAY:
        message = f"{service} did not get what was sent ({answer.code}); try again"
        return TransferError(Reason.VERIFICATION_FAILED, message)
    if answer.status == HTTPStatus.INSUFFICIENT_STORAGE:
        message = f"{service} has no room left (HTTP status 507): ask who runs it for more"
        return TransferError(Reason.NO_SPACE_LEFT, message)
    if answer.status == HTTPStatus.NOT_FOUND:
        is_bucket = answer.code == "NoSuchBucket"
        said = f"{service} answered {answer.code or answer.status}"
        return missing(uri, _no_bucket(service, uri) if is_bucket else said)
    return _temporary(answer, service, words)


def _may_pass(status: int) -> bool:
    return status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or (
        status >= _SERVERS_FAULT
    )


def _temporary(answer: Answer, service: Service, words: str) -> TransferError | None:
    if answer.is_silence:
        message = f"{service} did not answer (s3-endpoint): {words}"
    elif answer.code in _LATER or _may_pass(answer.status):
        said = f"{answer.code}, HTTP status {answer.status}".removeprefix(", ")
        message = f"{service} answered with {said}; it may do better later"
    else:
        return None
    return TransferError(Reason.NETWORK_ERROR, message)
