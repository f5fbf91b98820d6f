"""
The hands of the kubelet: starts, ends and reports the process of each pod.

What to do next is decided in ``pods``; this carries it out. The only thing remembered between two
calls is the process table, which a restart cannot have: ``leftovers`` deals with that. Everything
here is synchronous and short, so no pod ever sees another one half-way.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import PODS
from datacube_runtime.local.pods import happenings
from datacube_runtime.local.pods import status as podstatus
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.limits import memory_limit_bytes
from datacube_runtime.local.pods.live import Live
from datacube_runtime.local.pods.placement import is_for, misfit, this_node
from datacube_runtime.local.pods.processes import StartError, identity_of, start
from datacube_runtime.local.pods.scheduling import unbound_claim
from datacube_runtime.local.pods.scratch import Record, Scratch
from datacube_runtime.local.pods.spec import claims_of, container_of, unsupported
from datacube_runtime.local.pods.steps import Act, has_expired, next_step
from datacube_runtime.local.pods.termination import termination_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from datacube_runtime.local.cluster import Manifest, Objects
    from datacube_runtime.local.events import Recorder
    from datacube_runtime.local.pods.happenings import Told
    from datacube_runtime.local.pods.launch import Machine
    from datacube_runtime.local.volumes.trash import Trash

    Pod = Mapping[str, Any]

log = logging.getLogger(__name__)

_KILLED = 128 + signal.SIGKILL
_START_ERROR = 128  # what container runtimes report for a program that could not be started
_STOPPED = "the embedded cluster was stopped while the pod was running"


@dataclass(frozen=True)
class Places:
    """Where the kubelet keeps its files."""

    scratches: Path
    logs: Path
    trash: Trash

    def log_of(self, uid: str) -> Path:
        """Return the file with the output of a pod."""
        return self.logs / f"{uid}.log"


@dataclass(frozen=True)
class Surroundings:
    """What the kubelet asks and tells the one who calls it."""

    now: Callable[[], datetime]
    wake: Callable[[str, str], None]
    """Asks for a reconcile of the pod with that namespace and name, later."""
    ended: Callable[[Pod], None]
    """Told at once, so that nobody can delete a pod before its end is counted."""
    recorder: Recorder


class Kubelet:
    """All pods of the embedded cluster."""

    def __init__(
        self, objects: Objects, machine: Machine, places: Places, surroundings: Surroundings
    ) -> None:
        self._objects, self._machine, self._places = objects, machine, places
        self._around = surroundings
        self._node = this_node()
        self._live: dict[str, Live] = {}
        self._waiting: set[tuple[str, str]] = set()

    def reconcile(self, namespace: str, name: str) -> float | None:
        """
        Bring what runs in line with the pod of that name; return when to be asked again, seconds.

        The name may be another pod's now while the process of the old one still runs.
        """
        self._waiting.discard((namespace, name))
        pod = self._objects.find(PODS, namespace, name)
        uid = pod["metadata"]["uid"] if pod else None
        old = [
            live for live in self._live.values() if (live.namespace, live.name) == (namespace, name)
        ]
        waits = [self._advance(None, live) for live in old if live.uid != uid]
        if pod is not None:
            waits.append(self._advance(pod, self._live.get(pod["metadata"]["uid"])))
        return min((wait for wait in waits if wait is not None), default=None)

    def waiting_in(self, namespace: str) -> list[tuple[str, str]]:
        """Return the pods of a namespace that wait for a claim, a Secret or a ConfigMap."""
        return [key for key in self._waiting if key[0] == namespace]

    def uses(self, namespace: str, claim: str) -> bool:
        """Tell whether a process has the volume of a claim."""
        return any(
            live.namespace == namespace and claim in live.claims for live in self._live.values()
        )

    def forget(self, uid: str) -> None:
        """Drop the files of a pod that is gone for good."""
        if uid not in self._live:
            self._places.log_of(uid).unlink(missing_ok=True)
            self._drop_files(uid)

    def memory_limits(self) -> dict[int, int]:
        """Return the bytes that a process and its session may have, for those with a limit."""
        running = [live for live in self._live.values() if live.process.exit_code is None]
        return {live.process.pid: live.memory_limit for live in running if live.memory_limit}

    def out_of_memory(self, pid: int) -> None:
        """Kill the pod of a process: it has more memory than it may."""
        for live in self._live.values():
            if live.process.pid == pid and live.process.exit_code is None:
                log.info("Pod %s/%s: out of memory", live.namespace, live.name)
                live.out_of_memory = True
                live.process.signal(signal.SIGKILL)

    async def stop(self, grace_s: float) -> None:
        """End all processes, and say of each pod that it was lost."""
        for live in list(self._live.values()):
            if live.process.exit_code is not None:
                self.reconcile(live.namespace, live.name)
        running = list(self._live.values())
        ends = [asyncio.ensure_future(live.process.ended.wait()) for live in running]
        for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, None)):
            for live in running:
                live.process.signal(number)
            if ends:
                await asyncio.wait(ends, timeout=patience_s)
        for live in running:
            pod = self._objects.find(PODS, live.namespace, live.name)
            if pod is not None and pod["metadata"]["uid"] == live.uid:
                self._report(pod, podstatus.lost(pod, _STOPPED, self._around.now()))
            self._clear(live)

    def _advance(self, pod: Pod | None, live: Live | None) -> float | None:
        """Take the next step of one pod."""
        now = self._around.now()
        step = next_step(pod, live.view() if live else None, now)
        match step.act:
            case Act.START if pod:
                self._start(pod, now)
            case Act.EXPIRE if pod:
                self._tell(pod, happenings.expired())
                self._report(pod, podstatus.expired(podstatus.given_up(pod, now)))
                self._drop_files(pod["metadata"]["uid"])
            case Act.TERMINATE if live:
                self._begin_ending(pod, live, now)
                live.process.signal(signal.SIGTERM)
            case Act.KILL if live:
                self._begin_ending(pod, live, now)
                live.was_killed = True
                live.process.signal(signal.SIGKILL)
            case Act.FINISH if live:
                self._finish(pod, live, now)
            case Act.REMOVE if pod:
                if pod["spec"].get("nodeName") and not podstatus.is_terminal(pod):
                    self._report(pod, podstatus.given_up(pod, now))
                self._remove(pod)
            case Act.NOTHING if pod and live:
                # Said at the start already, unless writing it failed.
                self._report(pod, podstatus.running(pod, live.process.pid, live.started_at))
        return step.again_in_s

    def _begin_ending(self, pod: Pod | None, live: Live, now: datetime) -> None:
        """Note since when the process has been told to end; once."""
        if live.ending_since is not None:
            return
        live.ending_since = now
        if pod is not None:
            if has_expired(pod, live.view()):
                self._tell(pod, happenings.expired())
            self._tell(pod, happenings.killing(pod))

    def _start(self, pod: Pod, now: datetime) -> None:
        """Start the process of a pod, or write down what it waits for."""
        meta = pod["metadata"]
        if not is_for(self._node, pod):
            return
        if problem := misfit(pod, self._node):
            self._put_off(pod, problem, now)
            return
        if problem := unsupported(pod):
            self._tell(pod, happenings.refused("UnsupportedPod", problem))
            self._report(pod, podstatus.refused(pod, "UnsupportedPod", problem, now))
            return
        if problem := unbound_claim(self._objects, pod):
            self._waiting.add((meta["namespace"], meta["name"]))
            self._put_off(pod, problem, now)
            return
        if not pod["spec"].get("nodeName"):
            pod = self._objects.bind(pod, self._node.name)
            self._tell(pod, happenings.scheduled(pod))
        scratch = Scratch(self._places.scratches, meta["uid"])
        try:
            self._run(pod, scratch, now)
        except ContainerConfigError as error:
            self._waiting.add((meta["namespace"], meta["name"]))
            self._tell(pod, happenings.not_created(pod, error))
            self._report(pod, podstatus.waiting(pod, error.reason, str(error), now))
        except StartError as error:
            program = container_of(pod)["command"][0]
            message = f'failed to start the container: exec: "{program}": {error}'
            self._tell(pod, *happenings.not_started(pod, message))
            end = podstatus.End(_START_ERROR, None, message, "StartError")
            self._report(pod, podstatus.ended(pod, end, now))
            self._drop_files(scratch.uid)

    def _put_off(self, pod: Pod, problem: str, now: datetime) -> None:
        """Say why a pod has no place to run."""
        self._tell(pod, happenings.unschedulable(problem))
        self._report(pod, podstatus.unschedulable(pod, problem, now))

    def _run(self, pod: Pod, scratch: Scratch, now: datetime) -> None:
        meta = pod["metadata"]
        key = (meta["namespace"], meta["name"])

        def find(plural: str, name: str) -> Manifest | None:
            return self._objects.find(plural, meta["namespace"], name)

        output = self._places.log_of(meta["uid"])
        launch = self._machine.launch_of(pod, scratch, find, output)
        limit = memory_limit_bytes(container_of(pod))
        scratch.write_record(Record())
        process = start(launch, on_end=lambda: self._around.wake(*key))
        # First of all: whatever fails from here on, the process is known.
        self._live[meta["uid"]] = Live(*key, meta["uid"], claims_of(pod), process, now, limit)
        scratch.write_record(Record(process.pid, identity_of(process.pid)))
        self._tell(pod, *happenings.started(pod))
        self._report(pod, podstatus.running(pod, process.pid, now))

    def _finish(self, pod: Pod | None, live: Live, now: datetime) -> None:
        """Report how the process ended, and clear up."""
        if pod is not None and not podstatus.is_terminal(pod):
            code = live.process.exit_code or 0
            scratch = Scratch(self._places.scratches, live.uid)
            output = self._places.log_of(live.uid)
            message = termination_message(container_of(pod), code, scratch.termination_log, output)
            reason = "OOMKilled" if live.out_of_memory and code == _KILLED else ""
            end = podstatus.End(code, live.started_at, message, reason)
            status = podstatus.ended(pod, end, now)
            expired = has_expired(pod, live.view())
            self._report(pod, podstatus.expired(status) if expired else status)
        self._clear(live)
        if pod is None:
            self.forget(live.uid)
        elif "deletionTimestamp" in pod["metadata"]:
            self._remove(pod)

    def _clear(self, live: Live) -> None:
        self._drop_files(live.uid)
        del self._live[live.uid]

    def _drop_files(self, uid: str) -> None:
        """Remove what a pod had for itself, the files of Secrets among it; not its output."""
        self._places.trash.discard(Scratch(self._places.scratches, uid).path)

    def _remove(self, pod: Pod) -> None:
        self._objects.delete(PODS, pod, grace_period_seconds=0)

    def _tell(self, pod: Pod, *told: Told) -> None:
        for source, happening in told:
            self._around.recorder.tell(source, pod, happening)

    def _report(self, pod: Pod, status: Manifest) -> None:
        """Write a status; phases that change are worth a line."""
        before, after = (pod.get("status") or {}).get("phase", "Pending"), status["phase"]
        if before != after:
            meta = pod["metadata"]
            log.info("Pod %s/%s: %s → %s", meta["namespace"], meta["name"], before, after)
        self._objects.write_status(PODS, pod, status)
        if after in podstatus.TERMINAL:
            self._around.ended(pod)
