"""
Labels and rules about labels inside of objects: selectors, and what they are made of.

Selectors in queries are another thing: those are texts, and the API server's business.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, denied, each, required, wrong
from datacube_runtime.local.registry.metadata.labels import label_key_problems, label_value_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_OF_SETS, _OF_KEYS = ("In", "NotIn"), ("Exists", "DoesNotExist")


def key_problems(path: str, key: str) -> Iterator[Cause]:
    """Yield what is wrong with the key of a label."""
    for problem in label_key_problems(key):
        yield wrong(path, key, problem)


def labels_problems(path: str, labels: Mapping[str, str] | None) -> Iterator[Cause]:
    """Yield what is wrong with labels; a cause names all of them, not the one."""
    for key, value in (labels or {}).items():
        yield from key_problems(path, key)
        for problem in label_value_problems(value):
            yield wrong(path, value, problem)


def selector_problems(path: str, selector: Mapping[str, Any] | None) -> Iterator[Cause]:
    """Yield what is wrong with a LabelSelector."""
    if not selector:
        return
    yield from labels_problems(at(path, "matchLabels"), selector.get("matchLabels"))
    for where, rule in each(at(path, "matchExpressions"), selector.get("matchExpressions")):
        yield from set_problems(where, rule)
        yield from key_problems(at(where, "key"), rule.get("key", ""))
        yield from values_problems(at(where, "values"), rule)


def set_problems(path: str, rule: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield where the operator of a rule, and how many values it has, do not go together."""
    operator, values = rule.get("operator", ""), rule.get("values")
    if operator in _OF_SETS and not values:
        yield required(at(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in _OF_KEYS and values:
        why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield denied(at(path, "values"), why)
    elif operator not in (*_OF_SETS, *_OF_KEYS):
        yield wrong(at(path, "operator"), operator, "not a valid selector operator")


def values_problems(path: str, rule: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield which values of a rule no label can have."""
    for where, value in each(path, rule.get("values")):
        for problem in label_value_problems(value):
            yield wrong(where, value, problem)
