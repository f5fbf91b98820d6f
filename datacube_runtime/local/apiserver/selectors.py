"""Selectors of a request: what its labels and its fields together ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.fieldselectors import field_tests
from datacube_runtime.local.apiserver.labelselectors import label_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.registry.resources import Resource

    Object = Mapping[str, Any]
    Selector = Callable[[Object], bool]


def selector(resource: Resource, labels: str, fields: str) -> Selector | None:
    """
    Return what both selectors say together; None where neither says anything.

    :raises ApiStatusError: (400) a selector cannot be read, or names a field that has none.
    """
    of_labels, of_fields = list(label_tests(labels)), list(field_tests(resource, fields))
    if not of_labels and not of_fields:
        return None

    def is_selected(obj: Object) -> bool:
        said = obj["metadata"].get("labels", {})
        return all(test(said) for test in of_labels) and all(test(obj) for test in of_fields)

    return is_selected
