"""
Keys that stand twice in one object of a JSON body: strict clients want to hear of them.

Parsers keep the last and forget the other, so this one keeps pairs. A body in another format is
not looked at.

Source: saveStrictError in sigs.k8s.io/json, internal/golang/encoding/json/kubernetes_patch.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Object(list[tuple[str, Any]]):
    """An object as pairs, which lists of values are not."""


def twice(body: bytes) -> list[str]:
    """Return what to say of each key that stands twice; nothing where the body is not JSON."""
    try:
        parsed = json.loads(body, object_pairs_hook=_pairs) if body else None
    except ValueError:
        return []
    return list(dict.fromkeys(f'duplicate field "{path}"' for path in _found(parsed, "")))


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    """Keep as pairs only what leads to a key that stands twice: most bodies have none."""
    keys = {key for key, _value in pairs}
    if len(keys) < len(pairs) or any(_leads(value) for _key, value in pairs):
        return _Object(pairs)
    return None


def _leads(value: Any) -> bool:
    if isinstance(value, list):
        return isinstance(value, _Object) or any(_leads(item) for item in value)
    return False


def _found(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Object):
        seen: set[str] = set()
        for key, below in value:
            at = f"{path}.{key}" if path else key
            if key in seen:
                yield at
            seen.add(key)
            yield from _found(below, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, f"{path}[{index}]")
