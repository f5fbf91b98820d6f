"""
How much memory a container may have here.

Pure. Requests and CPU limits reserve nothing on a single machine; a memory limit is enforced, see
``memory``.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Mapping


def memory_limit_bytes(container: Mapping[str, Any]) -> int | None:
    """Return how much memory the container may have; None where that is not limited."""
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    return None if limit is None else ceil(amount(limit)) or None
