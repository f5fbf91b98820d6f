"""The words that programs may branch on: reasons of conditions and of ended transfers."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A stable CamelCase word. People read the message beside it."""

    # How a transfer ended: written by the transfer program into the termination message.
    TRANSFER_SUCCEEDED = "TransferSucceeded"
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    PERMISSION_DENIED = "PermissionDenied"
    SOURCE_NOT_FOUND = "SourceNotFound"
    REVISION_NOT_FOUND = "RevisionNotFound"
    NOTHING_TO_UPLOAD = "NothingToUpload"
    LOCAL_CHANGES = "LocalChanges"
    PUSH_REJECTED = "PushRejected"
    VERIFICATION_FAILED = "VerificationFailed"
    NETWORK_ERROR = "NetworkError"
    NO_SPACE_LEFT = "NoSpaceLeft"
    INVALID_OPTION = "InvalidOption"
    UNSUPPORTED = "Unsupported"
    ENGINE_FAILED = "EngineFailed"
    CANCELLED = "Cancelled"

    # What the controller sees from outside.
    INVALID_SPEC = "InvalidSpec"
    INVALID_SETTINGS = "InvalidSettings"
    SUSPENDED = "Suspended"
    VOLUME_NOT_FOUND = "VolumeNotFound"
    JOB_NOT_OURS = "JobNotOurs"
    JOB_LOST = "JobLost"
    POD_PENDING = "PodPending"
    TRANSFER_STARTED = "TransferStarted"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    POD_FAILED = "PodFailed"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
