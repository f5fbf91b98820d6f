"""
Sets of fields in the very form in which ``managedFields`` holds them (FieldsV1), their algebra.

A set is a dict from steps to what is below them. A step is ``f:name`` (a field),
``k:{"name":"x"}`` (an item known by its keys) or ``v:"x"`` (an item of a set). A step that is a
member itself has ``.`` below it, or nothing at all. No other form is made of this one: what is
stored is what is computed with. Sets are never changed, only combined; this module knows neither
schemas nor objects.

Source: https://github.com/kubernetes-sigs/structured-merge-diff, fieldpath/{set,serialize}.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Fields = dict[str, Any]

SELF = "."
_STEPS = ("f:", "k:", "v:", "i:")


def is_member(node: Fields) -> bool:
    """Tell whether a step belongs to the set itself, not only something below it."""
    return not node or SELF in node


def node(below: Fields, *, member: bool) -> Fields | None:
    """Return what stands under a step; None where there is nothing to say."""
    if not below:
        return {} if member else None
    return {SELF: {}, **below} if member else below


def union(one: Fields, other: Fields) -> Fields:
    """Return what is in either."""
    result = dict(one)
    for step, theirs in other.items():
        ours = result.get(step)
        if ours is None or step == SELF:
            result[step] = theirs
            continue
        below = union(_below(ours), _below(theirs))
        member = is_member(ours) or is_member(theirs)
        result[step] = {SELF: {}, **below} if member and below else below
    return result


def difference(one: Fields, other: Fields) -> Fields:
    """Return what is in the first only. A container does not take along what is below it."""
    result = {}
    for step, ours in one.items():
        theirs = other.get(step)
        if theirs is None:
            result[step] = ours
            continue
        member = is_member(ours) and not is_member(theirs)
        left = node(difference(_below(ours), _below(theirs)), member=member)
        if left is not None:
            result[step] = left
    return result


def intersection(one: Fields, other: Fields) -> Fields:
    """Return what is in both."""
    result = {}
    for step, ours in one.items():
        theirs = other.get(step)
        if theirs is None:
            continue
        member = is_member(ours) and is_member(theirs)
        common = node(intersection(_below(ours), _below(theirs)), member=member)
        if common is not None:
            result[step] = common
    return result


def paths(fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the members, outer ones first, as Kubernetes writes them: ``.spec.env[name="x"]``."""
    steps = sorted(step for step in fields if step != SELF)
    for step in steps:
        if is_member(fields[step]):
            yield above + shown(step)
    for step in steps:
        yield from paths(fields[step], above + shown(step))


def is_well_formed(fields: Any) -> bool:
    """Tell whether that is a set of fields at all; clients may write what they like."""
    return isinstance(fields, dict) and all(
        (step == SELF or step.startswith(_STEPS)) and is_well_formed(below)
        for step, below in fields.items()
    )


def _below(fields: Fields) -> Fields:
    if SELF not in fields:
        return fields
    return {step: below for step, below in fields.items() if step != SELF}


def shown(step: str) -> str:
    """Return a step as Kubernetes writes it."""
    kind, value = step[:2], step[2:]
    if kind == "f:":
        return f".{value}"
    if kind == "v:":
        return f"[={value}]"
    if kind == "i:":
        return f"[{value}]"
    keys = json.loads(value)
    shown = (f"{key}={json.dumps(keys[key], ensure_ascii=False)}" for key in sorted(keys))
    return f"[{','.join(shown)}]"
