"""
What a killed cluster left running: ended, and its pods marked as lost.

Three signs lead to a process: the record in the scratch directory of its pod, the variable that
every process of a pod inherits, which also finds the children that went their own way, and the
descent from one of these. What has thrown away its variables, leads a session of its own and has
outlived its parent cannot be told from anybody else's. A pod that was only waiting has no record;
it simply waits on.

A lost pod fails, because nobody can say how it would have ended; whether there is another attempt
is for its Job to decide.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from datacube_runtime.local.cluster import PODS
from datacube_runtime.local.pods import status as podstatus
from datacube_runtime.local.pods.processes import end_all, marked, session_of
from datacube_runtime.local.pods.scratch import all_scratches

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.local.cluster import Objects
    from datacube_runtime.local.pods.kubelet import Places
    from datacube_runtime.local.pods.scratch import Scratch

log = logging.getLogger(__name__)

_LOST = "the embedded cluster was restarted while the pod was running"


async def clear_leftovers(objects: Objects, places: Places, now: datetime) -> None:
    """End the processes of an earlier life, fail their pods, and drop files that nobody needs."""
    lost: set[str] = set()
    for scratch in all_scratches(places.scratches):
        ended = await asyncio.to_thread(end_all, partial(processes_of, scratch))
        if ended or scratch.read_record() is not None:
            lost.add(scratch.uid)
    pods = objects.list(PODS)
    for pod in pods:
        was_running = (pod.get("status") or {}).get("phase") == "Running"
        if not podstatus.is_terminal(pod) and (was_running or pod["metadata"]["uid"] in lost):
            meta = pod["metadata"]
            log.info("Pod %s/%s was lost", meta["namespace"], meta["name"])
            objects.write_status(PODS, pod, podstatus.lost(pod, _LOST, now))
    for scratch in all_scratches(places.scratches):
        places.trash.discard(scratch.path)
    _drop_logs(places, {pod["metadata"]["uid"] for pod in pods})


def processes_of(scratch: Scratch) -> list[int]:
    """Return the processes of a pod of an earlier life, dead ones that nobody reaped included."""
    record = scratch.read_record()
    session = session_of(record.pid, record.identity) if record else []
    return [*session, *marked(scratch.uid)]


def _drop_logs(places: Places, uids: set[str]) -> None:
    """Drop the output of pods that are gone, and what was noted about it."""
    for output in places.logs.iterdir():
        if output.stem not in uids:
            output.unlink()
