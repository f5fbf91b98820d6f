"""
Structural schemas of custom resources: what is kept, what is filled in, what is refused.

What is kept and filled in is in ``shape``, what ``jsonschema`` can check in ``checks``, what may
not stand twice in ``twins``, what a finding is called in ``causes``. CEL is not their business: see
``rules``.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.causes import causes, order
from datacube_runtime.local.registry.custom.checks import Checks
from datacube_runtime.local.registry.custom.shape import complete, prune, shape
from datacube_runtime.local.registry.custom.twins import twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacube_runtime.local.registry.errors import Cause

_ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})


class Structure:
    """A schema, ready to check objects against."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        body = _body(schema)
        self._checks = Checks(body)
        self._shape = shape(body)
        self._twins = twins(body)

    def prune(self, obj: dict[str, Any]) -> list[str]:
        """Drop the fields that the schema does not know; return their paths."""
        return prune(self._shape, obj, _ROOT_FIELDS)

    def complete(self, obj: dict[str, Any]) -> None:
        """Drop nulls where the schema allows none, then fill in defaults, all the way down."""
        complete(self._shape, obj)

    def problems(self, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
        """
        Return what is wrong with an object, field by field; metadata is not looked at.

        A field that did not change is not looked at either: the definition may have become
        stricter since, and a status has to be writable all the same.
        """
        looked_at, known = _checked_part(obj), _checked_part(old or {})
        if old is not None and looked_at == known:
            return []
        return self._faults(looked_at, known) + [
            twin
            for twin in (self._twins.found(looked_at) if self._twins else ())
            if (top := twin.field.partition(".")[0]) not in known or known[top] != obj.get(top)
        ]

    def _faults(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Cause]:
        if self._checks.is_sound(new):
            return []
        errors = sorted(self._checks.faults(new), key=order)
        news = (error for error in errors if _is_news(error.absolute_path, new, old))
        return [cause for error in news for cause in causes(error)]


def _is_news(path: Iterable[str | int], new: Any, old: Any) -> bool:
    """Tell whether nothing that holds a value is as it was; what is in a list counts as new."""
    for step in path:
        if not isinstance(step, str) or step not in old:
            return True
        if step not in new:
            return True  # required, and missing now as before, in something that has changed
        new, old = new[step], old[step]
        if new == old:
            return False
        if not isinstance(old, dict):
            return True
    return True


def _checked_part(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in obj.items() if field not in _ROOT_FIELDS}


def _body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without apiVersion, kind and metadata: those follow the API's own rules."""
    properties = schema.get("properties", {}).items()
    kept = {name: part for name, part in properties if name not in _ROOT_FIELDS}
    required = [name for name in schema.get("required", ()) if name not in _ROOT_FIELDS]
    return {**schema, "properties": kept, "required": required}
