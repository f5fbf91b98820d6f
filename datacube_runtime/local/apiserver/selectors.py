"""
Label and field selectors: from the text of a query to a yes or no about an object.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
and https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.registry.resources import Resource

    Object = Mapping[str, Any]
    Selector = Callable[[Object], bool]

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_VALUE = r"[-A-Za-z0-9_.]*"
_TERMS = (
    (re.compile(rf"(?P<key>{_KEY})\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)"), "set"),
    (re.compile(rf"(?P<key>{_KEY})\s*(?P<op>==|=|!=)\s*(?P<values>{_VALUE})"), "equality"),
    (re.compile(rf"(?P<op>!?)\s*(?P<key>{_KEY})(?P<values>)"), "existence"),
)
_SEPARATOR = re.compile(r"\s*,\s*")

_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS = {
    "/pods": {"status.phase", "spec.nodeName", "spec.restartPolicy", "status.podIP"},
    "/secrets": {"type"},
    "/namespaces": {"status.phase"},
    "/events": {
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    },
    "batch/jobs": {"status.successful"},
}
"""Source: the ``AddFieldLabelConversionFunc`` calls in kubernetes/pkg/apis/*/v1/conversion.go."""

_PATHS = {("/events", "source"): "source.component"}
"""Where a field is that is not where its name says."""


def selector(resource: Resource, labels: str, fields: str) -> Selector | None:
    """
    Return what both selectors say together; None where neither says anything.

    :raises ApiStatusError: (400) a selector cannot be read, or names a field that has none.
    """
    tests = [*_label_tests(labels), *_field_tests(resource, fields)]
    if not tests:
        return None
    return lambda obj: all(test(obj) for test in tests)


def _label_tests(text: str) -> list[Selector]:
    tests: list[Selector] = []
    rest = text.strip()
    while rest:
        matches = ((kind, pattern.match(rest)) for pattern, kind in _TERMS)
        kind, found = next(((k, match) for k, match in matches if match), ("", None))
        if found is None:
            raise bad_request(f"found '{rest[0]}', expected: !, identifier, or 'end of string'")
        tests.append(_label_test(kind, **found.groupdict()))
        rest = rest[found.end() :].lstrip()
        if rest:
            comma = _SEPARATOR.match(rest)
            if not comma:
                raise bad_request(f"found '{rest[0]}', expected: ',' or 'end of string'")
            rest = rest[comma.end() :]
    return tests


def _label_test(kind: str, key: str, op: str, values: str) -> Selector:
    if kind == "existence":
        return lambda obj: (key in _labels(obj)) is (op != "!")
    wanted = {value.strip() for value in values.split(",")}
    if op in ("in", "=", "=="):
        return lambda obj: key in _labels(obj) and _labels(obj)[key] in wanted
    return lambda obj: _labels(obj).get(key) not in wanted


def _labels(obj: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = obj["metadata"].get("labels", {})
    return labels


def _field_tests(resource: Resource, text: str) -> list[Selector]:
    tests = []
    for term in filter(None, text.split(",")):
        field, operator, value = (
            re.split(r"(!=|==|=)", term, maxsplit=1) if "=" in term else (term, "", "")
        )
        if not operator:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        if field not in _COMMON_FIELDS | _FIELDS.get(resource.key, set()):
            raise bad_request(f"field label not supported: {field}")
        path = _PATHS.get((resource.key, field), field).split(".")
        tests.append(_field_test(path, value, is_wanted=operator != "!="))
    return tests


def _field_test(path: list[str], value: str, *, is_wanted: bool) -> Selector:
    def test(obj: Object) -> bool:
        found: Any = obj
        for step in path:
            found = found.get(step, "") if isinstance(found, dict) else ""
        return (str(found) == value) is is_wanted

    return test
