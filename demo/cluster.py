"""What the demo tells the cluster: one Secret, by the official client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubernetes.client import CoreV1Api, V1ObjectMeta, V1Secret
from kubernetes.config import new_client_from_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def create_secret(kubeconfig: Path, name: str, values: Mapping[str, str]) -> None:
    """Create a Secret in the namespace ``default``."""
    with new_client_from_config(str(kubeconfig)) as client:
        secret = V1Secret(metadata=V1ObjectMeta(name=name), string_data=dict(values))
        CoreV1Api(client).create_namespaced_secret("default", secret)
