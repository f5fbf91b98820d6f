"""
What an exception of huggingface_hub says, as facts: status and codes, errno, never a judgement.

Runs in the process that talks to the hub; ``failure`` has the meaning. The library wraps errors in
others (an upload's in ``RuntimeError``), so the whole chain of causes is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = 300
_SERVERS_FAULT, _TOO_MANY = 500, 429


class SpoiledError(Exception):
    """What arrived is not what the hub names."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def facts(error: BaseException) -> dict[str, Any]:
    """Return what the first telling error of the chain says."""
    for one in _chain(error):
        if told := _told(one):
            return told
    return {"kind": "other", "type": type(error).__name__, "words": _short(str(error))}


def may_pass(error: Exception) -> bool:
    """Tell whether the hub may do better in a moment."""
    told = facts(error)
    status: int = told.get("status", 0)
    return told["kind"] == "network" or status == _TOO_MANY or status >= _SERVERS_FAULT


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told(error: BaseException) -> dict[str, Any] | None:
    if isinstance(error, HfHubHTTPError):
        return _answer(error)
    if isinstance(error, httpx2.TransportError):
        return {"kind": "network", "words": _short(f"{type(error).__name__} {error}")}
    if isinstance(error, SpoiledError):
        return {"kind": "spoiled", "path": error.path}
    if isinstance(error, HFValidationError):
        return {"kind": "rejected", "words": _short(str(error))}
    if isinstance(error, OSError) and error.errno:
        return {
            "kind": "system",
            "errno": error.errno,
            "path": error.filename,
            "words": "" if error.filename else error.strerror,
        }
    return None


def _answer(error: HfHubHTTPError) -> dict[str, Any]:
    headers = error.response.headers
    return {
        "kind": "http",
        "status": error.response.status_code,
        "code": headers.get("X-Error-Code", ""),
        "words": _short(headers.get("X-Error-Message") or _body(error)),
    }


def _body(error: HfHubHTTPError) -> str:
    """Return what the hub says in the body: ``{"error": …}``, or ``{"errors": [{"message"}]}``."""
    try:
        said = error.response.json()
    except (ValueError, httpx2.ResponseNotRead):
        return ""
    if not isinstance(said, dict):
        return ""
    errors = said.get("errors") or []
    return "; ".join([str(said.get("error") or ""), *map(_message, errors)]).strip("; ")


def _message(entry: Mapping[str, Any] | str) -> str:
    return entry if isinstance(entry, str) else str(entry.get("message", ""))


def _short(text: str) -> str:
    return " ".join(text.split())[:_WORDS]
