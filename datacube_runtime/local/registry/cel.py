"""
The CEL functions that Kubernetes has and ``cel-python`` lacks, as far as schemas use them.

Strings as in Go's ``ext.Strings``, lists as in Kubernetes' own list library. A function here takes
and returns CEL values and knows nothing of rules.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries
"""

from __future__ import annotations

import re
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from celpy.celtypes import BoolType, IntType, ListType, StringType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def _split(text: str, separator: str, limit: int = -1) -> ListType:
    if limit == 0:
        return ListType([])
    if not separator:
        parts = [*text] if limit < 0 else [*text[: limit - 1], text[limit - 1 :]]
    else:
        parts = text.split(separator, limit - 1 if limit > 0 else -1)
    return ListType(StringType(part) for part in parts)


def _replace(text: str, old: str, new: str, limit: int = -1) -> StringType:
    return StringType(str(text).replace(old, new, limit))


def _join(parts: Iterable[str], separator: str = "") -> StringType:
    return StringType(str(separator).join(parts))


def _index_of(text: Any, wanted: Any, start: int = 0) -> IntType:
    if isinstance(text, str):
        return IntType(text.find(wanted, start))
    return IntType(next((i for i, item in enumerate(text) if item == wanted), -1))


def _last_index_of(text: str, wanted: str) -> IntType:
    return IntType(text.rfind(wanted))


def _substring(text: str, start: int, end: int | None = None) -> StringType:
    return StringType(text[start:end])


def _char_at(text: str, index: int) -> StringType:
    return StringType(text[index : index + 1])


def _upper_ascii(text: str) -> StringType:
    return StringType("".join(c.upper() if c.isascii() else c for c in text))


def _lower_ascii(text: str) -> StringType:
    return StringType("".join(c.lower() if c.isascii() else c for c in text))


def _trim(text: str) -> StringType:
    return StringType(text.strip())


def _find(text: str, pattern: str) -> StringType:
    found = re.search(pattern, text)
    return StringType(found.group() if found else "")


def _find_all(text: str, pattern: str, limit: int = -1) -> ListType:
    found = [StringType(match.group()) for match in re.finditer(pattern, text)]
    return ListType(found[: limit if limit >= 0 else None])


def _is_sorted(items: list[Any]) -> BoolType:
    return BoolType(all(a <= b for a, b in pairwise(items)))


def _sum(items: Iterable[Any]) -> Any:
    return sum(items, IntType(0))


def _min(items: Iterable[Any]) -> Any:
    return min(items)


def _max(items: Iterable[Any]) -> Any:
    return max(items)


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "charAt": _char_at,
        "find": _find,
        "findAll": _find_all,
        "indexOf": _index_of,
        "isSorted": _is_sorted,
        "join": _join,
        "lastIndexOf": _last_index_of,
        "lowerAscii": _lower_ascii,
        "max": _max,
        "min": _min,
        "replace": _replace,
        "split": _split,
        "substring": _substring,
        "sum": _sum,
        "trim": _trim,
        "upperAscii": _upper_ascii,
    }
)
