"""The storage services that this release can transfer from and to; a new one is one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.direction import ServiceType
from datacube_runtime.transfer.git import backend as git
from datacube_runtime.transfer.huggingface import backend as huggingface
from datacube_runtime.transfer.s3 import backend as s3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.steps import Backend

BACKENDS: Mapping[ServiceType, Backend] = {
    ServiceType.GIT: git.transfer,
    ServiceType.HUGGINGFACE: huggingface.transfer,
    ServiceType.S3: s3.transfer,
}
"""Every service that the contract knows; a test says so."""
