"""The YAML of a DataCube as the page shows it: pure, without secrets and without noise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from airflow_provider_datacube._redaction import safe
from datacube_api.masking import MASK, SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOISE: Final = ("managedFields",)
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_IS_SECRET = re.compile(SECRET_NAME)


def manifest_of(cube: Mapping[str, Any]) -> str:
    """Return a DataCube as YAML; what may be a credential is masked, references stay."""
    meta = {key: value for key, value in cube["metadata"].items() if key not in _NOISE}
    if annotations := meta.get("annotations"):
        # It holds the whole object once more, as one line of JSON.
        meta["annotations"] = {k: v for k, v in annotations.items() if k != _APPLIED}
    shown = _shown({**cube, "metadata": meta})
    return str(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100))


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        fields = {safe(key): _shown(inner) for key, inner in value.items()}
        if isinstance(value.get("value"), str) and _IS_SECRET.search(str(value.get("name"))):
            fields["value"] = MASK
        return fields
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    return safe(value) if isinstance(value, str) else value
