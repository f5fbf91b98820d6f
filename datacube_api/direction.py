"""Which way the data goes, and to or from what: the words on the wire, free of pydantic."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Seen from the volume."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


class ServiceType(StrEnum):
    """The ``type`` of the end that is no volume."""

    GIT = "git"
    HUGGINGFACE = "huggingface"
    S3 = "s3"
