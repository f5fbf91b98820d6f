"""
Operator arguments → manifest; what is wrong with them, as early as it can be known.

Twice: when the DAG is parsed, for everything that no template can still change, and after
rendering, for everything. Knows the contract's models; knows no Kubernetes and no task.
No message holds a value: those may be secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from airflow_provider_datacube._arguments import NOT_A_MAPPING, is_file_name
from airflow_provider_datacube._credentials.given import problems as credential_problems
from airflow_provider_datacube._pod_settings import annotated, early_problems
from airflow_provider_datacube._secrecy import written_out
from airflow_provider_datacube._settings import LONGEST_NAMES, name_problems
from airflow_provider_datacube._templates import (
    empty_paths,
    holds_template,
    is_certain,
    is_nothing,
    spelled,
    templated_paths,
    value_at,
)
from datacube_api.errors import DataCubeSpecError
from datacube_api.models import DataCube
from datacube_api.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_datacube._arguments import Arguments, Plain

# What the API server owns in the metadata of an object that was exported from a cluster.
_SERVER_OWNED = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
)


def check_early(given: Arguments) -> None:
    """
    Say what is wrong already, whatever the templates will render to.

    :raises DataCubeSpecError: names each field.
    """
    _refuse(_misused(given))
    _refuse(_early_problems(given))


def check_file_was_read(manifest: Plain) -> None:
    """
    Say that a manifest file is missing; Airflow itself only logs it.

    :raises DataCubeSpecError: Airflow left the name where the text should be.
    """
    if is_file_name(manifest):
        problem = (
            "manifest: the file does not exist; its path is relative to the DAG file or to the "
            "DAG's template_searchpath, and is not templated itself"
        )
        raise DataCubeSpecError((problem,))


def complete(given: Arguments, rendered: Arguments) -> dict[str, Any]:
    """
    Return the manifest to send, less the name that it may lack, from the rendered arguments.

    ``given`` are the same arguments before rendering: they tell an empty value that somebody wrote
    from one that a template left behind.

    :raises DataCubeSpecError: a rule is broken; names each field.
    """
    _refuse(_misused(given))
    _refuse(_rendered_to_nothing(given, rendered))
    manifest = rendered.draft()
    if not isinstance(manifest, dict):
        raise DataCubeSpecError((NOT_A_MAPPING,))
    _refuse(_emptied_in_text(given, manifest))
    _refuse(written_out(manifest))
    metadata = _metadata(manifest, rendered)
    checked = DataCube.from_manifest({**manifest, "metadata": metadata}).to_manifest()
    checked.pop("status", None)
    _refuse(credential_problems(rendered.conn_id, rendered.secret_ref, checked))
    return checked


def _refuse(problems: Iterable[str]) -> None:
    if found := tuple(problems):
        raise DataCubeSpecError(found)


def _misused(given: Arguments) -> Iterator[str]:
    if given.manifest is not None:
        for field in ("source", "sink", "transfer_executor"):
            if getattr(given, field) is not None:
                yield f"{field}: is part of the manifest; give one or the other"
        return
    for field in ("source", "sink"):
        if getattr(given, field) is None:
            yield f"{field}: is missing: give source and sink, or a manifest"


def _early_problems(given: Arguments) -> Iterator[str]:
    for field in LONGEST_NAMES:
        value = getattr(given, field)
        if value is not None and not holds_template(value):
            yield from name_problems(field, value)
    is_text = isinstance(given.manifest, str)
    if is_file_name(given.manifest) or (is_text and holds_template(given.manifest)):
        yield from early_problems(given.pod_settings, None)
        yield from credential_problems(given.conn_id, given.secret_ref, None)
        return
    draft = given.draft()
    yield from early_problems(given.pod_settings, draft)
    yield from written_out(draft)
    yield from credential_problems(given.conn_id, given.secret_ref, draft)
    try:
        DataCube.model_validate(draft)
    except ValidationError as error:
        yield from (text for path, text in problems_of(error) if is_certain(draft, path))


def _rendered_to_nothing(given: Arguments, rendered: Arguments) -> Iterator[str]:
    """Yield the fields whose own template left nothing, by the place of each template."""
    after = rendered.given()
    for path in templated_paths(given.given()):
        try:
            left = value_at(after, path)
        except LookupError:
            left = None
        if is_nothing(left):
            yield f"{spelled(path)}: its template rendered to nothing"


def _emptied_in_text(given: Arguments, manifest: dict[str, Any]) -> Iterator[str]:
    """
    Yield the empty fields of a manifest that came out of a templated text.

    The text shows no more which field a template stood in, so every empty one counts, except
    plain variables of the executor: an empty one has a use (it unsets a proxy).
    """
    text = given.manifest
    # `dag.test()` renders a file that was never read before: then the name is all that is known.
    if not isinstance(text, str) or not (holds_template(text) or is_file_name(text)):
        return
    judged = {key: manifest[key] for key in ("metadata", "spec") if key in manifest}
    for path in empty_paths(judged):
        if path[:3] != ("spec", "executor", "env"):
            yield f"{spelled(path)}: its template rendered to nothing"


def _metadata(manifest: dict[str, Any], rendered: Arguments) -> dict[str, Any]:
    """Return the metadata; the operator's own arguments go before what the manifest says."""
    metadata = manifest.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise DataCubeSpecError(("metadata: must be a mapping",))
    kept = {key: value for key, value in metadata.items() if key not in _SERVER_OWNED}
    for field in LONGEST_NAMES:
        if (value := getattr(rendered, field)) is not None:
            kept[field] = value
        if field in kept:
            _refuse(name_problems(f"metadata.{field}", kept[field]))
    if annotations := annotated(rendered.pod_settings, kept.get("annotations") or {}):
        kept["annotations"] = annotations
    return kept
