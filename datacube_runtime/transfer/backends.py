"""The storage services that this release can transfer from and to; a new one is one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.direction import ServiceType
from datacube_api.reasons import Reason
from datacube_runtime.transfer import git
from datacube_runtime.transfer.exit import TransferError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.steps import Backend

BACKENDS: Mapping[ServiceType, Backend] = {ServiceType.GIT: git.transfer}


def backend_of(kind: ServiceType) -> Backend:
    """
    Return who transfers from and to a storage service.

    :raises TransferError: Unsupported; the contract knows the service, this release does not.
    """
    if backend := BACKENDS.get(kind):
        return backend
    known = ", ".join(BACKENDS)
    message = f"type: this release transfers {known} only, not {kind}"
    raise TransferError(Reason.UNSUPPORTED, message)
