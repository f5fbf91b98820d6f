"""
What a function under ``@task.datacube`` returned, as arguments of the operator.

Pure. A mistake is told by types and keys of the contract, never by values: those may be secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._arguments import plain
from airflow_provider_datacube._templates import holds_template, spelled, templated_paths, value_at
from datacube_api.core import Model
from datacube_api.errors import DataCubeSpecError
from datacube_api.models import DataCube, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIELDS: Final = {
    "source": "source",
    "sink": "sink",
    "transfer_executor": "transfer_executor",
    "executor": "transfer_executor",  # as a spec has it
    "pod_settings": "pod_settings",
}
_EXPECTED = (
    "must return a mapping of source, sink, transfer_executor and pod_settings (models or "
    "mappings), a Spec, or a whole manifest"
)


def parts_of(function: str, returned: Any) -> dict[str, Any]:
    """
    Return the operator's arguments that a function gave.

    :raises DataCubeSpecError: it returned something else.
    """
    if isinstance(returned, DataCube) or _is_manifest(returned):
        # A manifest says everything, so nothing else may be left over from the decorator.
        return {"manifest": plain(returned), "source": None, "sink": None}
    mapping = _of_spec(returned) if isinstance(returned, Spec) else returned
    if not isinstance(mapping, dict):
        raise DataCubeSpecError((f"{function} {_EXPECTED}, not {_type(returned)}",))
    if problems := tuple(_problems(function, mapping)):
        raise DataCubeSpecError(problems)
    given = {key: value for key, value in mapping.items() if value is not None}
    return {_FIELDS[key]: plain(value) for key, value in given.items()}


def check_final(parts: Mapping[str, Any]) -> None:
    """
    Refuse Jinja: nobody renders it any more, and the transfer would take it word for word.

    :raises DataCubeSpecError: names each place.
    """
    problems = tuple(
        f"{spelled(path)}: holds {_unfinished(value_at(parts, path))}, which is not rendered in "
        "what a function returns; let the function take what it needs from the context "
        "(run_id, ds, params, ti…) as an argument"
        for path in templated_paths(dict(parts))
    )
    if problems:
        raise DataCubeSpecError(problems)


def _is_manifest(returned: Any) -> bool:
    return isinstance(returned, dict) and bool({"apiVersion", "kind", "spec"} & returned.keys())


def _of_spec(spec: Spec) -> dict[str, Any]:
    manifest: dict[str, Any] = spec.to_manifest()
    return manifest


def _problems(function: str, mapping: dict[Any, Any]) -> Iterator[str]:
    if not mapping:
        yield f"{function} {_EXPECTED}, not an empty mapping"
    for key, value in mapping.items():
        if key not in _FIELDS:
            told = f"the key {key!r}" if isinstance(key, str) and key.isidentifier() else "a key"
            yield f"{function} {_EXPECTED}; it returned {told} besides"
        elif value is not None and not isinstance(value, Model | dict):
            yield f"{function}: {key} must be a model or a mapping, not {_type(value)}"


def _unfinished(value: Any) -> str:
    return "Jinja" if isinstance(value, str) and holds_template(value) else _type(value)


def _type(value: Any) -> str:
    return "nothing (None)" if value is None else type(value).__name__
