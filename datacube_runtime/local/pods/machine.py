"""How much this machine has, in Kubernetes' quantities: the one node's allocatable resources."""

from __future__ import annotations

import os


def capacity() -> dict[str, str]:
    """Return the processors and the memory that a container without limits may have."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": str(os.cpu_count() or 1), "memory": str(memory)}
