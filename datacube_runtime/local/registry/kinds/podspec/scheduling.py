"""
Where a pod wants to be: affinity, tolerations, gates, and how pods are to be spread.

Source: validateAffinity, ValidateTolerations, validateSchedulingGates and
validateTopologySpreadConstraints in k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    at,
    denied,
    duplicate,
    each,
    required,
    unknown_choice,
    unsupported,
    wrong,
)
from datacube_runtime.local.registry.kinds.matching import (
    key_problems,
    selector_problems,
    set_problems,
    values_problems,
)
from datacube_runtime.local.registry.metadata.labels import label_value_problems
from datacube_runtime.local.registry.metadata.names import label_problems, subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

    Rule = Mapping[str, Any]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WEIGHTS, _BAD_WEIGHT = range(1, 101), "must be in the range 1-100"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_ALL_TAINTS = (
    'operator must be Exists when `key` is empty, which means "match all values and all keys"'
)
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSIONS = ("Honor", "Ignore")


def affinity_problems(path: str, affinity: Rule) -> Iterator[Cause]:
    """Yield what is wrong with the affinity of a pod."""
    yield from _node_problems(at(path, "nodeAffinity"), affinity.get("nodeAffinity") or {})
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        for where, term in each(at(path, kind, _REQUIRED), rules.get(_REQUIRED)):
            yield from _pod_term_problems(where, term)
        for where, rule in each(at(path, kind, _PREFERRED), rules.get(_PREFERRED)):
            yield from _weight_problems(where, rule)
            term = rule.get("podAffinityTerm") or {}
            yield from _pod_term_problems(at(where, "podAffinityTerm"), term)


def _node_problems(path: str, rules: Rule) -> Iterator[Cause]:
    if _REQUIRED in rules:
        terms = (rules[_REQUIRED] or {}).get("nodeSelectorTerms")
        where = at(path, _REQUIRED, "nodeSelectorTerms")
        if not terms:
            yield required(where, "must have at least one node selector term")
        for place, term in each(where, terms):
            yield from _node_term_problems(place, term, are_values_checked=True)
    for where, rule in each(at(path, _PREFERRED), rules.get(_PREFERRED)):
        yield from _weight_problems(where, rule)
        term = rule.get("preference") or {}
        yield from _node_term_problems(at(where, "preference"), term, are_values_checked=False)


def _weight_problems(path: str, rule: Rule) -> Iterator[Cause]:
    if (weight := rule.get("weight", 0)) not in _WEIGHTS:
        yield wrong(at(path, "weight"), weight, _BAD_WEIGHT)


def _node_term_problems(path: str, term: Rule, *, are_values_checked: bool) -> Iterator[Cause]:
    for where, rule in each(at(path, "matchExpressions"), term.get("matchExpressions")):
        if rule.get("operator") not in ("Gt", "Lt"):
            yield from set_problems(where, rule)
        elif len(rule.get("values") or ()) != 1:
            why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required(at(where, "values"), why)
        yield from key_problems(at(where, "key"), rule.get("key", ""))
        if are_values_checked:
            yield from values_problems(at(where, "values"), rule)
    for where, rule in each(at(path, "matchFields"), term.get("matchFields")):
        yield from _field_problems(where, rule)


def _field_problems(path: str, rule: Rule) -> Iterator[Cause]:
    operator, key, values = (rule.get("operator", ""), rule.get("key", ""), rule.get("values"))
    if operator not in ("In", "NotIn"):
        yield wrong(at(path, "operator"), operator, "not a valid selector operator")
    elif len(values or ()) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(at(path, "values"), why)
    if key != "metadata.name":
        yield wrong(at(path, "key"), key, "not a valid field selector key")
        return
    for where, value in each(at(path, "values"), values):
        for problem in subdomain_problems(value):
            yield wrong(where, value, problem)


def _pod_term_problems(path: str, term: Rule) -> Iterator[Cause]:
    for field in ("labelSelector", "namespaceSelector"):
        yield from selector_problems(at(path, field), term.get(field))
    for name in term.get("namespaces") or ():
        for problem in label_problems(name):
            yield wrong(at(path, "namespace"), name, problem)
    if not (key := term.get("topologyKey", "")):
        yield required(at(path, "topologyKey"), "can not be empty")
    yield from key_problems(at(path, "topologyKey"), key)


def toleration_problems(path: str, tolerations: list[Rule] | None) -> Iterator[Cause]:
    """Yield what is wrong with tolerations."""
    for where, said in each(path, tolerations):
        key, value = said.get("key", ""), said.get("value", "")
        operator, effect = said.get("operator", ""), said.get("effect", "")
        if key:
            yield from key_problems(at(where, "key"), key)
        elif operator != "Exists":
            yield wrong(at(where, "operator"), operator, _ALL_TAINTS)
        if "tolerationSeconds" in said and effect != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield wrong(at(where, "effect"), effect, why)
        if operator == "Exists" and value:
            why = "value must be empty when `operator` is 'Exists'"
            yield wrong(at(where, "operator"), value, why)
        elif operator in ("", "Equal") and (problems := label_value_problems(value)):
            yield wrong(at(where, "operator"), value, ";".join(problems))
        elif operator not in ("", *_OPERATORS):
            yield unsupported(at(where, "operator"), operator, _OPERATORS)
        if effect and effect not in _EFFECTS:
            yield unsupported(at(where, "effect"), effect, _EFFECTS)


def gate_problems(path: str, spec: Rule) -> Iterator[Cause]:
    """Yield what is wrong with what a pod waits for before it is put on a node, or is ready."""
    for where, gate in each(at(path, "readinessGates"), spec.get("readinessGates")):
        yield from key_problems(at(where, "conditionType"), gate.get("conditionType", ""))
    names: set[str] = set()
    for where, gate in each(at(path, "schedulingGates"), spec.get("schedulingGates")):
        name = gate.get("name", "")
        yield from key_problems(where, name)
        if name in names:
            yield duplicate(where, name)
        names.add(name)


def spread_problems(path: str, constraints: list[Rule] | None) -> Iterator[Cause]:
    """Yield what is wrong with the rules how pods are to be spread."""
    said = [(c.get("topologyKey", ""), c.get("whenUnsatisfiable", "")) for c in constraints or ()]
    for index, (where, rule) in enumerate(each(path, constraints)):
        key, action = said[index]
        if (skew := rule.get("maxSkew", 0)) <= 0:
            yield wrong(at(where, "maxSkew"), skew, "must be greater than zero")
        if not key:
            yield required(at(where, "topologyKey"), "can not be empty")
        if action not in _ACTIONS:
            yield unsupported(at(where, "whenUnsatisfiable"), action, _ACTIONS)
        if said[index] in said[index + 1 :]:
            pair = "{topologyKey, whenUnsatisfiable}"
            yield duplicate(at(where, pair), f"{{{key}, {action}}}")
        yield from _domain_problems(at(where, "minDomains"), rule.get("minDomains"), action)
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            yield from unknown_choice(where, rule, field, _INCLUSIONS)
        yield from selector_problems(at(where, "labelSelector"), rule.get("labelSelector"))


def _domain_problems(path: str, least: int | None, action: str) -> Iterator[Cause]:
    if least is None:
        return
    if least <= 0:
        yield wrong(path, least, "must be greater than zero")
    if action != "DoNotSchedule":
        why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield wrong(path, least, why)


def lost_tolerations(path: str, new: list[Rule] | None, old: list[Rule] | None) -> Iterator[Cause]:
    """Yield that tolerations of a pod may only be added, or last another time."""
    kept = [_lasting(toleration) for toleration in new or ()]
    if any(_lasting(toleration) not in kept for toleration in old or ()):
        why = "existing toleration can not be modified except its tolerationSeconds"
        yield denied(path, why)
        return
    yield from toleration_problems(path, new)


def _lasting(toleration: Rule) -> dict[str, Any]:
    return {field: value for field, value in toleration.items() if field != "tolerationSeconds"}
