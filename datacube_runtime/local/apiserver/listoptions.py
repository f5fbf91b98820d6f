"""
The options of a list or a watch, as far as they can be judged by themselves.

Which version exists, and what a selector selects, is not known here.

Source: ValidateListOptions in k8s.io/apimachinery/pkg/apis/meta/internalversion/validation, and
string_to_int64 in k8s.io/apimachinery/pkg/runtime/conversion.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import (
    Cause,
    bad_request,
    internal,
    invalid,
    version_too_large,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
_MATCH, _INITIAL = "resourceVersionMatch", "sendInitialEvents"
_NUMBER = re.compile(r"[+-]?[0-9]+")
_HIGHEST = 2**63 - 1


def number(query: Mapping[str, str], name: str) -> int:
    """
    Return a number of a query; 0 where it is not there.

    :raises ApiStatusError: (400) it is none.
    """
    text = query.get(name, "") or "0"
    if not _NUMBER.fullmatch(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if not -_HIGHEST - 1 <= int(text) <= _HIGHEST:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def version_problem(text: str) -> str:
    """Return what is wrong with a version; empty if nothing is."""
    if text.isascii() and text.isdecimal():
        return ""
    problem = f'strconv.ParseUint: parsing "{text}": invalid syntax'
    return f'resourceVersion: Invalid value: "{text}": {problem}'


def check_version(query: Mapping[str, str], current: int) -> None:
    """
    Make sure that an object can be read in the version that is asked for, or a later one.

    :raises ApiStatusError: (500, as a real server has it) it is none, (504) it is of the future.
    """
    text = query.get("resourceVersion", "")
    if not text:
        return
    if problem := version_problem(text):
        raise internal(problem)
    if int(text) > current:
        raise version_too_large(int(text), current)


def check_list(query: Mapping[str, str]) -> None:
    """
    Make sure that the options of a list go together.

    :raises ApiStatusError: (422) they do not.
    """
    _refuse([*_list_problems(query)])


def check_watch(query: Mapping[str, str]) -> None:
    """
    Make sure that the options of a watch go together.

    :raises ApiStatusError: (422) they do not.
    """
    _refuse([*_watch_problems(query)])


def _refuse(problems: list[Cause]) -> None:
    if problems:
        raise invalid("ListOptions", "meta.k8s.io", "", problems)


def _list_problems(query: Mapping[str, str]) -> Iterator[Cause]:
    match, version = query.get(_MATCH, ""), query.get("resourceVersion", "")
    if match and not version:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided")
    if match and query.get("continue"):
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
    if match not in ("", EXACT, NOT_OLDER):
        yield _unsupported(match, f'"{EXACT}", "{NOT_OLDER}", ""')
    if match == EXACT and version == "0":
        yield _forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"')
    if _INITIAL in query:
        yield _forbidden(_INITIAL, f"{_INITIAL} is forbidden for list")


def _watch_problems(query: Mapping[str, str]) -> Iterator[Cause]:
    match = query.get(_MATCH, "")
    if _INITIAL in query and match != NOT_OLDER:
        yield _forbidden(_MATCH, f"{_INITIAL} requires setting {_MATCH} to {NOT_OLDER}")
    if match and _INITIAL not in query:
        words = f"{_MATCH} is forbidden for watch unless {_INITIAL} is provided"
        yield _forbidden(_MATCH, words)
    if match not in ("", NOT_OLDER):
        yield _unsupported(match, f'"{NOT_OLDER}"')
    if match and query.get("continue"):
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")


def _forbidden(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


def _unsupported(match: str, known: str) -> Cause:
    message = f'Unsupported value: "{match}": supported values: {known}'
    return Cause("FieldValueNotSupported", _MATCH, message)
