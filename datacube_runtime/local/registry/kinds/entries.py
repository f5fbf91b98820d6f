"""
The entries of Secrets and ConfigMaps: their keys, their size, and that the immutable stays.

Source: ValidateSecret and ValidateConfigMap in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import denied, wrong
from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_BAD_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    f"'{_CONFIG_KEY}')"
)
_KEY_MAX = 253
_SIZE_MAX = 1024 * 1024


def key_problems(obj: Mapping[str, Any], bag: str) -> Iterator[Cause]:
    """Yield what is wrong with the keys of a map of entries."""
    for key in obj.get(bag) or {}:
        for problem in config_key_problems(key):
            yield wrong(f"{bag}[{key}]", key, problem)


def config_key_problems(key: str) -> list[str]:
    """
    Return what is wrong with the key of an entry, wherever it is named.

    Source: IsConfigMapKey in k8s.io/apimachinery/pkg/util/validation/validation.go
    """
    found = [f"must be no more than {_KEY_MAX} characters"] if len(key) > _KEY_MAX else []
    if not re.fullmatch(_CONFIG_KEY, key):
        found.append(_BAD_KEY)
    if key in (".", ".."):
        found.append(f"must not be '{key}'")
    elif key.startswith(".."):
        found.append("must not start with '..'")
    return found


def size_problems(size: int, path: str) -> Iterator[Cause]:
    """Yield that the values are too long together."""
    if size > _SIZE_MAX:
        message = f"Too long: may not be more than {_SIZE_MAX} bytes"
        yield Cause("FieldValueTooLong", path, message)


def decoded_size(text: str) -> int:
    """Return how many bytes a text of base64 stands for."""
    return len(text) // 4 * 3 - text[-2:].count("=")


def frozen_problems(
    new: Mapping[str, Any], old: Mapping[str, Any] | None, *bags: str
) -> Iterator[Cause]:
    """
    Yield what was changed of an object that is marked as immutable.

    Source: https://kubernetes.io/docs/concepts/configuration/secret/#secret-immutable
    """
    if old is None or not old.get("immutable"):
        return
    changed = [bag for bag in bags if new.get(bag) != old.get(bag)]
    for field in changed if new.get("immutable") else ["immutable", *changed]:
        yield denied(field, "field is immutable when `immutable` is set")
