"""
Pages of a list: which one a query asks for, and the token that asks for the next.

A ``continue`` token says at which version the first page was read and where it ended. Version -1
stands for whatever is there now: with that a client may go on whose version is forgotten.

Source: k8s.io/apiserver/pkg/storage/continue.go; ValidateListOptions in
k8s.io/apiserver/pkg/storage/interfaces.go; handleCompactedErrorForPaging in
k8s.io/apiserver/pkg/storage/etcd3/errors.go
"""

from __future__ import annotations

import base64
import json
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.listoptions import EXACT, check_list, number, version_problem
from datacube_runtime.local.apiserver.syntaxerrors import in_go_words
from datacube_runtime.local.registry.errors import bad_request, expired, version_too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.errors import ApiStatusError

_FORMAT = "meta.k8s.io/v1"
_NOW = -1
_INVALID = "continue key is not valid"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True)
class Page:
    """What a list request asks for."""

    at: int | None = None
    """The version; None for what is there now."""

    limit: int = 0
    after: str = ""
    """The last object of the page before, as ``namespace/name``."""


def read_page(query: Mapping[str, str], current: int) -> Page:
    """
    Return which page a query asks for.

    :raises ApiStatusError: (400, 422) the query makes no sense, (504) it asks for the future.
    """
    limit = max(0, number(query, "limit"))
    number(query, "timeoutSeconds")
    check_list(query)
    text = query.get("resourceVersion", "")
    if query.get("continue"):
        page = _continued(query["continue"], limit)
        if text not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        return page
    if not text:
        return Page(limit=limit)
    if problem := version_problem(text):
        raise bad_request(f"invalid resource version: {problem}")
    if int(text) > current:
        raise version_too_large(int(text), current)
    match = query.get("resourceVersionMatch", "")
    is_exact = match == EXACT or (not match and limit > 0 and int(text) > 0)
    return Page(at=int(text) if is_exact else None, limit=limit)


def token(version: int, after: str) -> str:
    """Return what asks for the page after an object."""
    text = json.dumps({"v": _FORMAT, "rv": version, "start": f"{after}\0"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def forgotten(page: Page, why: ApiStatusError) -> ApiStatusError:
    """Return the refusal of a page whose version is forgotten: with a way to go on."""
    return expired(_TOO_OLD, token(_NOW, page.after)) if page.after else why


def _continued(text: str, limit: int) -> Page:
    said = _decoded(text)
    if (version := said.get("v", "")) != _FORMAT:
        raise _bad_token(f"{_INVALID}: server does not recognize this encoded version {version}")
    at, start = said.get("rv", 0), said.get("start", "")
    if not isinstance(at, int) or not isinstance(start, str):
        raise _bad_token(_INVALID)
    if at == 0:
        raise _bad_token(f"{_INVALID}: incorrect encoded start resourceVersion (version {_FORMAT})")
    if not start:
        raise _bad_token(f"{_INVALID}: encoded start key empty (version {_FORMAT})")
    key = start if start.startswith("/") else f"/{start}"
    if posixpath.normpath(key) != key:
        raise _bad_token(f"{_INVALID}: {start}")
    return Page(at=at if at > 0 else None, limit=limit, after=start.rstrip("\0"))


def _decoded(text: str) -> dict[str, Any]:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        said = json.loads(data.decode("latin-1"))  # names are ASCII; a refusal shows one byte
    except json.JSONDecodeError as error:
        raise _bad_token(f"{_INVALID}: {in_go_words(error)}") from error
    except ValueError as error:
        raise _bad_token(_INVALID) from error
    if not isinstance(said, dict):
        raise _bad_token(_INVALID)
    return said


def _bad_token(why: str) -> ApiStatusError:
    return bad_request(f"invalid continue token: {why}")
