"""
The variables of a container: their names, and where their values come from.

Source: ValidateEnv and ValidateEnvFrom in k8s.io/kubernetes/pkg/apis/core/validation/validation.go,
IsRelaxedEnvVarName in k8s.io/apimachinery/pkg/util/validation/validation.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, each, required, wrong
from datacube_runtime.local.registry.kinds.entries import config_key_problems
from datacube_runtime.local.registry.kinds.podspec.downward import (
    OF_VARIABLES,
    field_problems,
    resource_field_problems,
)
from datacube_runtime.local.registry.metadata.names import subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_NAME = re.compile(r"[ -<>-~]*")
_BAD_NAME = (
    "a valid environment variable name must consist only of printable ASCII characters other "
    "than '='"
)
_OF_KEYS = ("configMapKeyRef", "secretKeyRef")
_SOURCES = ("fieldRef", "resourceFieldRef", *_OF_KEYS, "fileKeyRef")
_NO_SOURCE = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
    "`fileKeyRef`"
)
_TWO_SOURCES = "may not have more than one field specified at a time"


def variable_problems(path: str, variables: list[Mapping[str, Any]] | None) -> Iterator[Cause]:
    """Yield what is wrong with ``env``."""
    for where, variable in each(path, variables):
        name = variable.get("name", "")
        if not name:
            yield required(at(where, "name"))
        elif not _NAME.fullmatch(name):
            yield wrong(at(where, "name"), name, _BAD_NAME)
        if "valueFrom" in variable:
            yield from _source_problems(at(where, "valueFrom"), variable)


def bulk_problems(path: str, sources: list[Mapping[str, Any]] | None) -> Iterator[Cause]:
    """Yield what is wrong with ``envFrom``."""
    for where, source in each(path, sources):
        if not _NAME.fullmatch(source.get("prefix", "")):
            yield wrong(at(where, "prefix"), source["prefix"], _BAD_NAME)
        given = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        for kind in given:
            yield from _name_problems(at(where, kind, "name"), source[kind].get("name", ""))
        if not given:
            yield wrong(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield wrong(path, "", _TWO_SOURCES)


def _source_problems(path: str, variable: Mapping[str, Any]) -> Iterator[Cause]:
    source = variable["valueFrom"]
    given = [kind for kind in _SOURCES if kind in source]
    if "fieldRef" in source:
        yield from field_problems(at(path, "fieldRef"), source["fieldRef"], OF_VARIABLES)
    if "resourceFieldRef" in source:
        where = at(path, "resourceFieldRef")
        yield from resource_field_problems(where, source["resourceFieldRef"], is_file=False)
    for kind in _OF_KEYS:
        if kind in source:
            yield from _key_problems(at(path, kind), source[kind])
    if not given:
        yield wrong(path, "", _NO_SOURCE)
    elif variable.get("value"):
        yield wrong(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield wrong(path, "", _TWO_SOURCES)


def _key_problems(path: str, reference: Mapping[str, Any]) -> Iterator[Cause]:
    name, key = reference.get("name", ""), reference.get("key", "")
    for problem in subdomain_problems(name):
        yield wrong(at(path, "name"), name, problem)
    if not key:
        yield required(at(path, "key"))
    for problem in config_key_problems(key) if key else ():
        yield wrong(at(path, "key"), key, problem)


def _name_problems(path: str, name: str) -> Iterator[Cause]:
    if not name:
        yield required(path)
    for problem in subdomain_problems(name) if name else ():
        yield wrong(path, name, problem)
