"""
Who writes or deletes, and how: the options of a request, from its query, headers and body.

Source: ValidatePatchOptions in k8s.io/apimachinery/pkg/apis/meta/v1/validation, and
managerOrUserAgent in k8s.io/apiserver/pkg/endpoints/handlers
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import Cause, bad_request, invalid
from datacube_runtime.local.registry.options import Delete, Propagation, Write
from datacube_runtime.local.registry.patches import APPLY
from datacube_runtime.local.registry.resources import JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from aiohttp import web

    from datacube_runtime.local.registry.resources import Resource

_FIELD_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_DELETE, _GROUP = "DeleteOptions", "meta.k8s.io"
_MANAGER_MAX = 128
_SCHEME = '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'
_PODS_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background "
    "to remove them or set propagationPolicy=Orphan to suppress this warning"
)
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def read_write(request: web.Request) -> Write:
    """
    Return how a request wants to write.

    :raises ApiStatusError: (400, 422) it does not say so in words that are known.
    """
    query = request.query
    validation = query.get("fieldValidation", "")
    if problems := list(_problems(request)):
        raise invalid(_OPTIONS[request.method], _GROUP, "", problems)
    return Write(
        dry_run=bool(query.get("dryRun")),
        field_validation=validation or "Warn",
        manager=query.get("fieldManager") or _program(request.headers.get("User-Agent", "")),
        force=is_true(query, "force"),
    )


def read_delete(query: Mapping[str, str], body: Mapping[str, Any]) -> Delete:
    """
    Return the options of a delete: those of the body where there is one, else of the query.

    :raises ApiStatusError: (400, 422) they are none; a body of another kind must delete nothing.
    """
    if body.get("kind", _DELETE) != _DELETE:
        version = body.get("apiVersion", "")
        raise bad_request(
            f'no kind "{body["kind"]}" is registered for version "{version}" in scheme {_SCHEME}'
        )
    said: Mapping[str, Any] = body or query
    dry_run, propagation = said.get("dryRun") or [], said.get("propagationPolicy")
    asked = [dry_run] if isinstance(dry_run, str) else dry_run
    if problems := [*_dry_run_problems(asked), *_propagation_problems(propagation)]:
        raise invalid(_DELETE, _GROUP, "", problems)
    preconditions, grace_s = said.get("preconditions") or {}, said.get("gracePeriodSeconds")
    try:
        return Delete(
            dry_run=bool(asked),
            grace_period_seconds=None if grace_s is None else max(0, int(grace_s)),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
            propagation=Propagation(propagation) if propagation else None,
        )
    except ValueError as error:
        raise bad_request(f"DeleteOptions: {error}") from None


def delete_warnings(resource: Resource, options: Delete) -> list[str]:
    """
    Return what a client should hear that deletes Jobs and does not say what becomes of their pods.

    Source: k8s.io/kubernetes/pkg/registry/batch/job/storage/storage.go
    """
    return [_PODS_STAY] if resource == JOBS and options.propagation is None else []


def _dry_run_problems(asked: list[str]) -> Iterator[Cause]:
    if asked not in ([], ["All"]):
        message = f'Unsupported value: {json.dumps(asked)}: supported values: "All"'
        yield Cause("FieldValueNotSupported", "dryRun", message)


def _propagation_problems(asked: str | None) -> Iterator[Cause]:
    if asked and asked not in tuple(Propagation):
        known = '"Foreground", "Background", "Orphan", "nil"'
        message = f'Unsupported value: "{asked}": supported values: {known}'
        yield Cause("FieldValueNotSupported", "propagationPolicy", message)


def _problems(request: web.Request) -> Iterator[Cause]:
    manager = request.query.get("fieldManager", "")
    if dry_run := request.query.get("dryRun"):
        yield from _dry_run_problems([dry_run])
    validation = request.query.get("fieldValidation", "")
    if validation not in _FIELD_VALIDATIONS:
        known = ", ".join(f'"{word}"' for word in _FIELD_VALIDATIONS)
        message = f'Unsupported value: "{validation}": supported values: {known}'
        yield Cause("FieldValueNotSupported", "fieldValidation", message)
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
    for at, letter in enumerate("" if manager.isprintable() else manager):
        if not letter.isprintable():
            message = f'Invalid value: "": invalid character U+{ord(letter):04X} (at position {at})'
            yield Cause("FieldValueInvalid", "fieldManager", message)


@lru_cache(maxsize=256)  # clients have but a few names
def _program(user_agent: str) -> str:
    """Return what a client calls itself before the first slash."""
    name = "".join(letter for letter in user_agent.partition("/")[0] if letter.isprintable())
    return name.encode()[:_MANAGER_MAX].decode(errors="ignore")
