"""
Why a request to the hub failed, from the codes that it gave. Pure.

The hub answers with an HTTP status and, mostly, a code of its own in ``X-Error-Code``; the system
has its errno. The process that talks to the hub writes these down as facts, and here alone they get
a meaning. Without a token the hub says 401 of what is private and of what is not there
alike: both possibilities are said then.

Source: ``hf_raise_for_status`` of huggingface_hub.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datacube_api.direction import Direction
from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import FULL, TransferError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.huggingface.repo import Repo

_SERVERS_FAULT = 500
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.LOCKED})
_RACE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})


@dataclass(frozen=True)
class Asked:
    """Who asked whom for what; what the answer means depends on it."""

    repo: Repo
    direction: Direction
    has_token: bool

    @property
    def revision(self) -> str:
        """Name the revision for people."""
        return self.repo.revision or "main"


def failure(facts: Mapping[str, Any], asked: Asked) -> TransferError:
    """Return the error that the facts are."""
    reason, message = _KINDS.get(facts.get("kind", ""), _other)(facts, asked)
    return TransferError(reason, message)


def _http(facts: Mapping[str, Any], asked: Asked) -> tuple[Reason, str]:
    status = facts["status"]
    if status in _LATER or status >= _SERVERS_FAULT:
        message = (
            f"{asked.repo.endpoint} answered with HTTP status {status}; it may do better later"
        )
        return Reason.NETWORK_ERROR, message
    if facts["code"] == "GatedRepo":
        return Reason.PERMISSION_DENIED, _gated(asked)
    if status == HTTPStatus.UNAUTHORIZED:
        return _unknown_person(asked)
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.PAYMENT_REQUIRED):
        return Reason.PERMISSION_DENIED, _forbidden(facts, asked)
    if status == HTTPStatus.NOT_FOUND:
        return _missing(facts["code"], asked)
    return _refused(facts, asked)


def _missing(code: str, asked: Asked) -> tuple[Reason, str]:
    if code == "RevisionNotFound":
        message = f"extraArgs --revision: {asked.repo} has no revision {asked.revision!r}"
        return Reason.REVISION_NOT_FOUND, message
    if code == "EntryNotFound":
        return Reason.SOURCE_NOT_FOUND, f"files: {asked.repo} has no longer what it listed"
    return Reason.SOURCE_NOT_FOUND, _not_there(asked)


def _unknown_person(asked: Asked) -> tuple[Reason, str]:
    if asked.has_token:
        message = f"{asked.repo.endpoint} did not accept the token: check the option token"
        return Reason.AUTHENTICATION_FAILED, message
    if asked.direction is Direction.UPLOAD:
        message = f"{asked.repo.endpoint} takes uploads with a token only: add the option token"
        return Reason.AUTHENTICATION_FAILED, message
    return Reason.SOURCE_NOT_FOUND, _not_there(asked)


def _not_there(asked: Asked) -> str:
    mend = (
        "check the option repo, or whether the token may see it"
        if asked.has_token
        else "check the option repo, or add the option token"
    )
    return f"repo: {asked.repo.page} does not exist, or is private: {mend}"


def _gated(asked: Asked) -> str:
    token = "" if asked.has_token else ", and add the option token of who accepted them"
    return f"{asked.repo} is gated: accept its terms at {asked.repo.page}{token}"


def _forbidden(facts: Mapping[str, Any], asked: Asked) -> str:
    mend = (
        "use a token with the permission to write"
        if asked.direction is Direction.UPLOAD
        else "use a token with the permission to read it"
    )
    return f"the token may not do this at {asked.repo.page}: {mend}{_said(facts)}"


def _refused(facts: Mapping[str, Any], asked: Asked) -> tuple[Reason, str]:
    status = facts["status"]
    if asked.direction is Direction.DOWNLOAD:
        message = f"{asked.repo.endpoint} answered with HTTP status {status}{_said(facts)}"
        return Reason.ENGINE_FAILED, message
    if status in _RACE:
        message = f"others changed {asked.repo} all the while; try again later{_said(facts)}"
        return Reason.PUSH_REJECTED, message
    message = f"the hub did not take the commit (HTTP status {status}){_said(facts)}"
    return Reason.PUSH_REJECTED, message


def _network(facts: Mapping[str, Any], asked: Asked) -> tuple[Reason, str]:
    message = f"{asked.repo.endpoint} cannot be reached, or stopped answering: {facts['words']}"
    return Reason.NETWORK_ERROR, message


def _system(facts: Mapping[str, Any], _: Asked) -> tuple[Reason, str]:
    if facts["errno"] in FULL:
        return Reason.NO_SPACE_LEFT, "the volume is full: give it more room" + _needed(facts)
    path = f": {facts['path']}" if facts.get("path") else ""
    return Reason.ENGINE_FAILED, f"{os.strerror(facts['errno'])}{path}"


def _needed(facts: Mapping[str, Any]) -> str:
    return f" ({facts['words']})" if facts.get("words") else ""


def _spoiled(facts: Mapping[str, Any], asked: Asked) -> tuple[Reason, str]:
    side = "arrived" if asked.direction is Direction.DOWNLOAD else "is on the hub"
    message = f"{facts['path']!r}: what {side} is not what was sent (size or hash differ)"
    return Reason.VERIFICATION_FAILED, f"{message}; try again"


def _rejected(facts: Mapping[str, Any], _: Asked) -> tuple[Reason, str]:
    return Reason.PUSH_REJECTED, f"the hub does not take this: {facts['words']}"


def _told(facts: Mapping[str, Any], _: Asked) -> tuple[Reason, str]:
    """Return what was decided there already, by rules of ours."""
    return Reason(facts["reason"]), facts["words"]


def _absent(facts: Mapping[str, Any], _: Asked) -> tuple[Reason, str]:
    message = f"the library {facts['words']} is not installed where the transfer runs"
    return Reason.ENGINE_FAILED, message


def _other(facts: Mapping[str, Any], _: Asked) -> tuple[Reason, str]:
    said = " ".join(filter(None, (facts.get("type"), facts.get("words"))))
    return Reason.ENGINE_FAILED, f"huggingface_hub failed: {said or 'it said nothing'}"


def _said(facts: Mapping[str, Any]) -> str:
    return f" ({facts['words']})" if facts.get("words") else ""


_KINDS = {
    "http": _http,
    "network": _network,
    "system": _system,
    "spoiled": _spoiled,
    "rejected": _rejected,
    "absent": _absent,
    "said": _told,
}
