"""
The policy of a Job for pods that fail: which exit codes and conditions decide what.

Source: validatePodFailurePolicy in k8s.io/kubernetes/pkg/apis/batch/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    NOT_SHOWN,
    at,
    duplicate,
    each,
    required,
    too_many,
    unsupported,
    wrong,
)
from datacube_runtime.local.registry.kinds.podspec.defaults import containers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_RULES_MAX = 20
_CODES_MAX = 255
_CONDITIONS_MAX = 20


def complete_policy(policy: Mapping[str, Any]) -> None:
    """Fill in that a condition means its presence."""
    for rule in policy.get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")


def policy_problems(path: str, spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with the policy of the Job's spec."""
    rules = spec["podFailurePolicy"].get("rules") or ()
    names = {c.get("name", "") for c in containers(spec["template"]["spec"])}
    if len(rules) > _RULES_MAX:
        yield too_many(at(path, "rules"), len(rules), _RULES_MAX)
    for where, rule in each(at(path, "rules"), rules):
        yield from _action_problems(at(where, "action"), rule.get("action", ""), spec)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        if codes is not None:
            yield from _code_problems(at(where, "onExitCodes"), codes, names)
        yield from _condition_problems(at(where, "onPodConditions"), conditions or [])
        if codes is not None and conditions:
            why = "specifying both OnExitCodes and OnPodConditions is not supported"
            yield wrong(where, NOT_SHOWN, why)
        if codes is None and not conditions:
            why = "specifying one of OnExitCodes and OnPodConditions is required"
            yield wrong(where, NOT_SHOWN, why)


def _action_problems(path: str, action: str, spec: Mapping[str, Any]) -> Iterator[Cause]:
    if action == "FailIndex" and "backoffLimitPerIndex" not in spec:
        yield wrong(path, action, "requires the backoffLimitPerIndex to be set")
    yield from _choice_problems(path, action, _ACTIONS)


def _code_problems(path: str, codes: Mapping[str, Any], names: set[str]) -> Iterator[Cause]:
    operator, values = codes.get("operator", ""), codes.get("values") or []
    yield from _choice_problems(at(path, "operator"), operator, _OPERATORS)
    if "containerName" in codes and codes["containerName"] not in names:
        why = "must be one of the container or initContainer names in the pod template"
        yield wrong(at(path, "containerName"), codes["containerName"], why)
    where = at(path, "values")
    if not values:
        yield wrong(where, codes.get("values"), "at least one value is required")
    if len(values) > _CODES_MAX:
        yield too_many(where, len(values), _CODES_MAX)
    seen: set[int] = set()
    for place, value in each(where, values):
        if operator == "In" and value == 0:
            yield wrong(place, value, "must not be 0 for the In operator")
        if value in seen:
            yield duplicate(place, value)
        seen.add(value)
    if values != sorted(values):
        yield wrong(where, values, "must be ordered")


def _condition_problems(path: str, patterns: list[Mapping[str, Any]]) -> Iterator[Cause]:
    if len(patterns) > _CONDITIONS_MAX:
        yield too_many(path, len(patterns), _CONDITIONS_MAX)
    for where, pattern in each(path, patterns):
        yield from _choice_problems(at(where, "status"), pattern.get("status", ""), _STATUSES)


def _choice_problems(path: str, value: str, known: tuple[str, ...]) -> Iterator[Cause]:
    if not value:
        words = " ".join(f'"{word}"' for word in known)
        yield required(path, f"valid values: [{words}]")
    elif value not in known:
        yield unsupported(path, value, known)
