"""
What the operator was given, as one value that can be looked at before and after rendering.

Models, mappings and YAML become the same thing here: a draft of the manifest. Whether the draft is
any good is the business of ``_manifest``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from datacube_api.core import Model
from datacube_api.errors import DataCubeSpecError

Plain: TypeAlias = Any
"""JSON values, possibly with Jinja or XComArgs in them."""

FILE_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Arguments:
    """What to transfer, and what goes with it; the operator's names."""

    source: Plain = None
    sink: Plain = None
    transfer_executor: Plain = None
    pod_settings: Plain = None
    manifest: Plain = None
    name: Plain = None
    namespace: Plain = None
    conn_id: Plain = None
    secret_ref: Plain = None

    @classmethod
    def of(cls, owner: object) -> Arguments:
        """Read the fields off the operator."""
        return cls(*(getattr(owner, field) for field in FIELDS))

    def given(self) -> dict[str, Plain]:
        """Return what was given, by argument."""
        values = {field: getattr(self, field) for field in FIELDS}
        return {field: value for field, value in values.items() if value is not None}

    def draft(self) -> Plain:
        """
        Return the manifest as far as it is known.

        :raises DataCubeSpecError: the YAML cannot be read.
        """
        if isinstance(self.manifest, str):
            return read_yaml(self.manifest)
        if self.manifest is not None:
            return self.manifest
        ends = {"source": self.source, "sink": self.sink, "executor": self.transfer_executor}
        return {"spec": {end: value for end, value in ends.items() if value is not None}}


FIELDS = tuple(field.name for field in fields(Arguments))


def plain(value: Any) -> Plain:
    """Return models as the mappings that Jinja can render; everything else as it is."""
    if isinstance(value, Model):
        return value.to_manifest()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def is_file_name(manifest: Plain) -> bool:
    """Tell whether ``manifest`` names a file rather than being YAML text."""
    return isinstance(manifest, str) and "\n" not in manifest and manifest.endswith(FILE_ENDINGS)


def read_yaml(text: str) -> dict[str, Any]:
    """
    Return the one mapping in a YAML text.

    :raises DataCubeSpecError: it is something else; tells the line, and quotes nothing.
    """
    import yaml  # noqa: PLC0415 - most DAGs have no YAML; parsing them should not pay for it

    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.MarkedYAMLError as error:
        # The parser's own sentence quotes the text, which may hold a token.
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise DataCubeSpecError((f"manifest: is not valid YAML{where}",)) from None
    except yaml.YAMLError:
        raise DataCubeSpecError(("manifest: is not valid YAML",)) from None
    if not documents:
        raise DataCubeSpecError(("manifest: is empty, or its template rendered to nothing",))
    if len(documents) > 1:
        raise DataCubeSpecError(("manifest: must be one YAML document; make one task of each",))
    if not isinstance(documents[0], dict):
        raise DataCubeSpecError((NOT_A_MAPPING,))
    return documents[0]


NOT_A_MAPPING = "manifest: must be a mapping, with apiVersion, kind and spec"
