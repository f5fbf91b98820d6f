"""
Objects and sets of fields: which fields an object has, which differ, what merging and removing do.

The walks of structured-merge-diff over plain values, guided by a ``Type``. Pure: nothing that is
handed in is changed, but results may share parts with it. Who owns what is not known here.

Source: https://github.com/kubernetes-sigs/structured-merge-diff, typed/{compare,tofieldset,merge,
remove}.go
"""

from __future__ import annotations

import json
from collections import deque
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.fields.sets import SELF, is_member, node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacube_runtime.local.registry.fields.sets import Fields
    from datacube_runtime.local.registry.fields.types import Type

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode

_DIVISIBLE = (dict, list)  # all else is one piece; asked first, because most values are


def everything(kind: Type, value: Any) -> Fields:
    """Return what a value that was not there before adds, containers included."""
    if isinstance(value, dict) and value and not kind.is_atomic:
        below = {
            f"f:{name}": everything(kind.child(name), part) if part.__class__ in _DIVISIBLE else {}
            for name, part in value.items()
        }
    elif isinstance(value, list) and value and kind.divides_lists:
        item_kind = kind.item
        below = {_step(kind, item): everything(item_kind, item) for item in value}
    else:
        return {}
    below[SELF] = {}
    return below


def stated(kind: Type, value: dict[str, Any]) -> Fields:
    """Return what an applied object claims: values and items, not the structs around them."""
    result: Fields = {}
    for name, part in value.items():
        below = _stated(kind.child(name), part)
        is_empty = part is None or part == {}
        found = node(below or {}, member=below == {} or is_empty or not kind.is_named(name))
        if found is not None:
            result[f"f:{name}"] = found
    return result


def _stated(kind: Type, value: Any) -> Fields | None:
    """Return what is claimed below a value; empty for one piece, None for an empty container."""
    if isinstance(value, dict) and not kind.is_atomic:
        return stated(kind, value) or None
    if isinstance(value, list) and kind.divides_lists:
        items = ((_step(kind, item), _stated(kind.item, item) or {}) for item in value)
        return {step: {SELF: {}, **below} if below else {} for step, below in items} or None
    return {}


def compare(kind: Type, old: dict[str, Any], new: dict[str, Any]) -> tuple[Fields, Fields]:
    """Return what was added or modified on the way from one object to another, and what removed."""
    touched: Fields = {}
    removed: Fields = {}
    for name, part in new.items():
        if name not in old:
            touched[f"f:{name}"] = everything(kind.child(name), part)
        elif part != old[name]:
            _compare_part(f"f:{name}", kind.child(name), (old[name], part), touched, removed)
    for name, part in old.items():
        if name not in new:
            removed[f"f:{name}"] = everything(kind.child(name), part)
    return touched, removed


def _compare_part(
    step: str, kind: Type, values: tuple[Any, Any], touched: Fields, removed: Fields
) -> None:
    """Compare two values that differ; null and an empty container are each other's like."""
    old, new = values
    if _are(dict, old, new) and not kind.is_atomic:
        below = compare(kind, old or {}, new or {})
    elif _are(list, old, new) and kind.divides_lists:
        below = _compare_items(kind, old or [], new or [])
    else:
        touched[step] = {}
        return
    if below[0]:
        touched[step] = below[0]
    if below[1]:
        removed[step] = below[1]
    if not any(below):
        touched[step] = {}


def _compare_items(kind: Type, old: list[Any], new: list[Any]) -> tuple[Fields, Fields]:
    before, after = indexed(kind, old), indexed(kind, new)
    touched: Fields = {}
    removed: Fields = {}
    for step, items in after.items():
        if step not in before:
            touched[step] = everything(kind.item, items[0]) if len(items) == 1 else {}
        elif items != before[step]:
            if len(items) == len(before[step]) == 1:
                values = (before[step][0], items[0])
                _compare_part(step, kind.item, values, touched, removed)
            else:
                touched[step] = {}
    for step, items in before.items():
        if step not in after:
            removed[step] = everything(kind.item, items[0])
    return touched, removed


def merge(kind: Type, live: Any, applied: Any) -> Any:
    """Return what is live with what is applied on top of it."""
    if _are(dict, live, applied) and not kind.is_atomic:
        result = dict(live or {})
        for name, part in (applied or {}).items():
            is_new = name not in result
            result[name] = part if is_new else merge(kind.child(name), result[name], part)
        return result
    if _are(list, live, applied) and kind.divides_lists:
        return _merged_items(kind, live or [], applied or [])
    return applied


def _merged_items(kind: Type, live: list[Any], applied: list[Any]) -> list[Any]:
    before, after = indexed(kind, live), indexed(kind, applied)
    result = []
    for step in _order(list(before), list(after)):
        ours = before.get(step, [])
        if step not in after:
            result += ours
        else:
            # Twins in the live list are not merged with, but replaced.
            known = ours[0] if len(ours) == 1 else None
            result.append(merge(kind.item, known, after[step][0]))
    return result


def _order(live: Sequence[str], applied: Sequence[str]) -> list[str]:
    """
    Return all steps: the applied ones in their order, each other one where it was.

    Source: ``visitListItems`` in typed/merge.go
    """
    known, present = set(applied), set(live)
    left, right = deque(live), deque(applied)
    shared = deque(step for step in applied if step in present)
    result: list[str] = []
    while left or right:
        first = left[0] if left else None
        if first is not None and first not in known:
            result.append(left.popleft())
        elif first is not None and (not shared or first != shared[0]):
            left.popleft()  # an applied item: it comes where the applied order has it
        else:
            step = right.popleft()
            result.append(step)
            if shared and step == shared[0]:
                shared.popleft()
    return result


def without(kind: Type, value: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """Return an object without the members of a set; what becomes empty stays as empty."""
    result = {}
    for name, part in value.items():
        below = fields.get(f"f:{name}")
        if below is None:
            result[name] = part
        elif not is_member(below):
            result[name] = _without(kind.child(name), part, below)
    return result


def _without(kind: Type, value: Any, fields: Fields) -> Any:
    if isinstance(value, dict) and not kind.is_atomic:
        return without(kind, value, fields)
    if isinstance(value, list) and kind.divides_lists:
        below = [(item, fields.get(_step(kind, item))) for item in value]
        return [
            item if found is None else _without(kind.item, item, found)
            for item, found in below
            if found is None or not is_member(found)
        ]
    return value


def named(kind: Type, fields: Fields) -> Fields:
    """Return the set with the structs around its members as members, too."""
    result = {}
    for step, below in fields.items():
        if step == SELF:
            result[step] = below
            continue
        is_field = step.startswith("f:")
        name = step[2:]
        deeper = named(kind.child(name) if is_field else kind.item, below)
        is_struct = bool(deeper) and is_field and kind.is_named(name)
        result[step] = {SELF: {}, **deeper} if is_struct else deeper
    return result


def _are(kind: type, one: Any, other: Any) -> bool:
    """Tell whether both are containers of a kind, one perhaps null."""
    return isinstance(one or other, kind) and isinstance(other or one, kind)


def indexed(kind: Type, items: list[Any]) -> dict[str, list[Any]]:
    """Return the items of a divided list by how they are called in a set."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(_step(kind, item), []).append(item)
    return found


def _step(kind: Type, item: Any) -> str:
    """Return how an item of a divided list is called in a set."""
    if not kind.keys or not isinstance(item, dict):
        return f"v:{_encoded(item)}"
    if len(kind.keys) == 1 and isinstance(name := item.get(kind.keys[0]), str):
        return f'k:{{"{kind.keys[0]}":{encode_basestring(name)}}}'  # by far the most, and quick
    said = ((key, item.get(key, kind.defaults.get(key))) for key in kind.keys)
    return f"k:{_encoded({key: value for key, value in said if value is not None})}"
