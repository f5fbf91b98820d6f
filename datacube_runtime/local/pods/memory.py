"""
How much memory the processes of a pod have, and which pods have more than they may.

Kubernetes lets the kernel do this with a cgroup, which needs root. Here somebody looks about once a
second: a pod may pass its limit for that long, and one that grows and ends in between is never
caught. Counted is what is the processes' own, each shared page by the share that each has in it
(``Pss_Anon`` and ``Pss_Shmem`` of proc(5)); files that are mapped or cached are not counted, nor is
a child that has left the session of its pod.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_runtime.local.pods.processes import sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROC = Path("/proc")
_OWN = re.compile(rb"^Pss_(?:Anon|Shmem): +([0-9]+) kB$", re.MULTILINE)
_KIB = 1024


def over_limit(limits: Mapping[int, int]) -> list[int]:
    """
    Return the session leaders whose sessions have more memory than they may, in bytes.

    Reads ``/proc`` once for all of them. It may block for some milliseconds per GiB.
    """
    used: defaultdict[int, int] = defaultdict(int)
    for pid, leader in sessions():
        if leader in limits:
            used[leader] += _own_bytes(pid)
    return [leader for leader, limit in limits.items() if used[leader] > limit]


def _own_bytes(pid: int) -> int:
    try:
        told = (_PROC / str(pid) / "smaps_rollup").read_bytes()
    except OSError:  # it ended meanwhile, or has become somebody else's
        return 0
    return sum(int(number) for number in _OWN.findall(told)) * _KIB
