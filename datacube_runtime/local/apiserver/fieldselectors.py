"""
Field selectors: from the text of a query to a yes or no about the fields of an object.

Only few fields of each kind can select. Which ones, where they are found, and the words in which
all others are refused, differ by kind as they do on a real server.

Source: k8s.io/apimachinery/pkg/fields/selector.go; the ``AddFieldLabelConversionFunc`` calls in
k8s.io/kubernetes/pkg/apis/*/v1/conversion.go and ``ConvertFieldLabel`` in
k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/converter.go for the names; the
``ToSelectableFields`` functions in k8s.io/kubernetes/pkg/registry for the values
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datacube_runtime.local.registry.resources import Resource

    Object = Mapping[str, Any]
    FieldTest = Callable[[Object], bool]

_NAME, _NAMESPACE = "metadata.name", "metadata.namespace"
_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "/pods": frozenset(
            {
                "spec.nodeName", "spec.host", "spec.restartPolicy", "spec.schedulerName",
                "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP",
                "status.podIPs", "status.nominatedNodeName",
            }
        ),
        "/secrets": frozenset({"type"}),
        "/namespaces": frozenset({"status.phase"}),
        "/nodes": frozenset({"spec.unschedulable"}),
        "/events": frozenset(
            {
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                "involvedObject.uid", "involvedObject.apiVersion",
                "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                "reportingComponent", "source", "type",
            }
        ),
        "batch/jobs": frozenset({"status.successful"}),
    }
)  # fmt: skip
_PLACES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("/events", "source"): ("source.component", "reportingComponent"),
        ("/pods", "spec.host"): ("spec.nodeName",),
        ("/pods", "status.podIPs"): (),
        ("batch/jobs", "status.successful"): ("status.succeeded",),
    }
)
"""Where a field is that is not where its name says; the first that is there counts."""

_EMPTY: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("/pods", "spec.hostNetwork"): "false",
        ("/nodes", "spec.unschedulable"): "false",
        ("batch/jobs", "status.successful"): "0",
    }
)
"""What a field is that is not there, where that is not the empty text."""

_TERM = re.compile(r"(?:[^\\,]|\\.?)+", re.DOTALL)
_PARTS = re.compile(r"(?P<field>.*?)(?P<operator>!=|==|=)(?P<value>.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.?)|([,=])", re.DOTALL)


def field_tests(resource: Resource, text: str) -> Iterator[FieldTest]:
    """
    Yield one test for each term of a field selector; all of them have to hold.

    :raises ApiStatusError: (400) it cannot be read, or the kind cannot be selected by that field.
    """
    for field, operator, value in list(_terms(text)):
        _check_field(resource, field)
        yield _test((resource.key, field), value, is_wanted=operator != "!=")


def _terms(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield field, operator and value of each term, in the order a real server looks at them."""
    for term in sorted(_TERM.findall(text)):
        found = _PARTS.fullmatch(term)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        yield found["field"], found["operator"], _ESCAPED.sub(_unescaped, found["value"])


def _unescaped(found: re.Match[str]) -> str:
    if bare := found[2]:
        why = f"unescaped character in value: {ord(bare)}"
        raise bad_request(f"invalid field selector: {why}")
    if found[1] not in ("\\", ",", "="):
        raise bad_request(f"invalid field selector: invalid escape sequence: {found[0]}")
    return found[1]


def _check_field(resource: Resource, field: str) -> None:
    if field == _NAME or field in _FIELDS.get(resource.key, ()):
        return
    if field == _NAMESPACE and (resource.namespaced or not _has_own_words(resource)):
        return
    if not _has_own_words(resource):
        raise bad_request(
            f'"{field}" is not a known field selector: only "{_NAME}", "{_NAMESPACE}"'
        )
    if resource.key == "batch/jobs":
        raise bad_request(f'field label "{field}" not supported for Job')
    raise bad_request(f"field label not supported: {field}")


def _has_own_words(resource: Resource) -> bool:
    return resource.is_custom or resource.key in _FIELDS


def _test(place: tuple[str, str], value: str, *, is_wanted: bool) -> FieldTest:
    paths = [path.split(".") for path in _PLACES.get(place, (place[1],))]
    empty = _EMPTY.get(place, "")
    return lambda obj: (_text(obj, paths, empty) == value) is is_wanted


def _text(obj: Object, paths: list[list[str]], empty: str) -> str:
    for path in paths:
        found: Any = obj
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        if found not in (None, ""):
            return str(found).lower() if isinstance(found, bool) else str(found)
    return empty
