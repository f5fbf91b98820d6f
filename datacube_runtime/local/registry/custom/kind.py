"""
A custom resource under the schema of its definition: pruned, completed, checked.

The order is a real server's: unknown fields go, nulls go, defaults come, then the structure is
checked, and the CEL rules only where the structure is sound enough to ask them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.rules import Rules
from datacube_runtime.local.registry.custom.schema import Structure
from datacube_runtime.local.registry.errors import Cause
from datacube_runtime.local.registry.fields.types import custom_type
from datacube_runtime.local.registry.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Resource

_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
"""Source: ``hasBlockingErr`` in apiextensions-apiserver/pkg/registry/customresource/strategy.go."""

_NOT_CHECKED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def custom_kind(resource: Resource, version: Mapping[str, Any]) -> Kind:
    """
    Return the particulars of a custom resource from one version of its definition.

    :raises RuleError: a CEL rule cannot be compiled.
    """
    schema = version["schema"]["openAPIV3Schema"]
    structure, rules = Structure(schema), Rules(schema)

    def admit(obj: dict[str, Any], write: Write) -> None:
        unknown = structure.prune(obj)
        write.meet_unknown(resource, [f'unknown field "{path}"' for path in unknown])
        structure.complete(obj)

    def problems(
        new: dict[str, Any], old: dict[str, Any] | None, found: Sequence[Cause]
    ) -> list[Cause]:
        causes = structure.problems(new, old)
        if any(cause.reason in _BLOCKING for cause in [*found, *causes]):
            if rules:
                causes.append(Cause("FieldValueInvalid", "<nil>", _NOT_CHECKED))
            return causes
        return causes + rules.problems(new, old)

    return Kind(
        admit=admit,
        problems=problems,
        has_generation=True,
        updates_blindly=False,
        fields=custom_type(schema),
    )
