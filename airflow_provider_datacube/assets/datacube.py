"""
The asset of an end, for DAGs that are scheduled on what a transfer writes.

``schedule=[asset_of(PVC("workspace", sub_path="model"), namespace="ml")]`` is the asset whose
event a transfer to that end makes. Besides, what Airflow asks a provider for of the schemes
``pvc`` and ``hf``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset

from airflow_provider_datacube._arguments import plain
from datacube_api.uris import dataset_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from openlineage.client.event_v2 import Dataset

    from datacube_api.models import End

_SHAPES = {
    "pvc": "pvc://namespace/claim, and the path in it",
    "hf": "hf://owner/name, or hf://datasets/owner/name",
}


def asset_of(
    end: End | Mapping[str, Any], *, namespace: str = "", extra: dict[str, Any] | None = None
) -> Asset:
    """
    Return the asset of an end of a transfer.

    :param end: ``PVC(...)``, ``S3(...)``, ``HuggingFace(...)`` or ``Git(...)``; no templates
    :param namespace: of the DataCube; an end that is a volume needs it
    :param extra: of the asset
    :raises ValueError: where the end is cannot be told before the task runs.
    """
    uri = uri_of(plain(end), namespace)
    if not uri:
        raise ValueError(
            "the end has no address that is known now: an asset needs a namespace for a volume, "
            "and takes neither templates nor references to Secrets"
        )
    return Asset(uri, extra=extra or {})


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    Check a URI of our own schemes; Airflow asks for each asset that has one.

    :raises ValueError: says what such a URI looks like.
    """
    has_path = bool(uri.path.strip("/"))
    if not uri.netloc or (uri.scheme == "pvc" and not has_path) or "@" in uri.netloc:
        raise ValueError(f"an asset of the scheme {uri.scheme} is {_SHAPES[uri.scheme]}")
    return uri


def to_openlineage(asset: Asset, lineage_context: object) -> Dataset:  # noqa: ARG001 - Airflow's signature
    """Return the OpenLineage dataset of an asset, as the operator itself names it."""
    from airflow.providers.common.compat.openlineage import facet  # noqa: PLC0415 - optional

    namespace, name = dataset_of(asset.uri)
    dataset: Dataset = facet.Dataset(namespace=namespace, name=name)
    return dataset
