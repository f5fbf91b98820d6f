"""
The built-in kinds: which defaults a real API server fills in, and what it refuses.

Source: kubernetes/pkg/apis/core/validation/validation.go and pkg/apis/core/v1/defaults.go
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from datacube_runtime.local.registry import resources
from datacube_runtime.local.registry.custom.definitions import DEFINITION_KIND
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.claims import CLAIM_KIND
from datacube_runtime.local.registry.kinds.config_maps import CONFIG_MAP_KIND
from datacube_runtime.local.registry.kinds.events import EVENT_KIND
from datacube_runtime.local.registry.kinds.jobs import JOB_KIND
from datacube_runtime.local.registry.kinds.leases import LEASE_KIND
from datacube_runtime.local.registry.kinds.namespaces import NAMESPACE_KIND
from datacube_runtime.local.registry.kinds.pods import POD_KIND
from datacube_runtime.local.registry.kinds.secrets import SECRET_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILT_IN_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        resources.NAMESPACES.key: NAMESPACE_KIND,
        resources.SECRETS.key: SECRET_KIND,
        resources.CONFIG_MAPS.key: CONFIG_MAP_KIND,
        resources.CLAIMS.key: CLAIM_KIND,
        resources.PODS.key: POD_KIND,
        resources.JOBS.key: JOB_KIND,
        resources.DEFINITIONS.key: DEFINITION_KIND,
        resources.EVENTS.key: EVENT_KIND,
        resources.LEASES.key: LEASE_KIND,
        resources.NODES.key: Kind(),  # nobody but the runner writes it
    }
)
