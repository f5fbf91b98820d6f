"""
Who writes, and how: the options of create, update and patch, from a request's query and headers.

Source: ValidatePatchOptions in k8s.io/apimachinery/pkg/apis/meta/v1/validation, and
managerOrUserAgent in k8s.io/apiserver/pkg/endpoints/handlers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import Cause, bad_request, invalid
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.patches import APPLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from aiohttp import web

_FIELD_VALIDATIONS = ("", "Ignore", "Warn", "Strict")
_MANAGER_MAX = 128
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def read_write(request: web.Request) -> Write:
    """
    Return how a request wants to write.

    :raises ApiStatusError: (400, 422) it does not say so in words that are known.
    """
    query = request.query
    validation = query.get("fieldValidation", "")
    if validation not in _FIELD_VALIDATIONS:
        raise bad_request(f'fieldValidation: Unsupported value: "{validation}"')
    problems = list(_problems(request))
    if problems:
        raise invalid(_OPTIONS[request.method], "meta.k8s.io", "", problems)
    return Write(
        dry_run=is_dry_run(query),
        field_validation=validation or "Warn",
        manager=query.get("fieldManager") or _program(request.headers.get("User-Agent", "")),
        force=is_true(query, "force"),
    )


def is_dry_run(said: Mapping[str, Any]) -> bool:
    """Tell whether nothing is to be stored."""
    value = said.get("dryRun") or ""
    if value not in ("", "All", ["All"]):
        raise bad_request('dryRun: Unsupported value: supported values: "All"')
    return bool(value)


def _problems(request: web.Request) -> Iterator[Cause]:
    manager = request.query.get("fieldManager", "")
    if request.method == "PATCH" and request.content_type == APPLY:
        if not manager:
            message = "Required value: is required for apply patch"
            yield Cause("FieldValueRequired", "fieldManager", message)
    elif request.method == "PATCH" and "force" in request.query:
        message = "Forbidden: may not be specified for non-apply patch"
        yield Cause("FieldValueForbidden", "force", message)
    if len(manager.encode()) > _MANAGER_MAX:
        message = f"Too long: may not be more than {_MANAGER_MAX} bytes"
        yield Cause("FieldValueTooLong", "fieldManager", message)
    for at, letter in enumerate(manager):
        if not letter.isprintable():
            message = f'Invalid value: "": invalid character U+{ord(letter):04X} (at position {at})'
            yield Cause("FieldValueInvalid", "fieldManager", message)


def _program(user_agent: str) -> str:
    """Return what a client calls itself before the first slash."""
    name = "".join(letter for letter in user_agent.partition("/")[0] if letter.isprintable())
    return name.encode()[:_MANAGER_MAX].decode(errors="ignore")
