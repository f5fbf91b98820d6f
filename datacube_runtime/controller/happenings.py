"""
What a DataCube's change of status is worth telling: the Kubernetes Events of its life.

Pure: two statuses in, Events out. One for each transition, none for a repetition, so that the
Events of a DataCube read as its story: JobCreated, TransferStarted, Retrying, TransferSucceeded.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.reference import API_VERSION, KIND
from datacube_api.status import Phase, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from datacube_runtime.controller.objects import Obj

NAME = "datacube-controller"
_LONGEST_NOTE = 1024  # the API refuses more


@dataclass(frozen=True)
class Happening:
    """One Event to be: ``action`` says what the controller did, ``reason`` why or with what end."""

    reason: str
    action: str
    note: str
    is_warning: bool = False


def created(kind: str, name: str) -> Happening:
    """Return that something was made for the DataCube."""
    word = "JobCreated" if kind == "Job" else "VolumeCreated"
    return Happening(word, "Create", f"created {kind} {name}")


def between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Iterator[Happening]:
    """Yield what has happened between two statuses of one DataCube."""
    old, new = evaluate(before), evaluate(after)
    tries, tries_before = int(after.get("attempts") or 0), int((before or {}).get("attempts") or 0)
    if tries > max(1, tries_before):
        yield Happening("Retrying", "Retry", f"attempt {tries}; see the pod of the one before")
    if new.phase is Phase.FAILED:
        yield Happening(new.reason or "Failed", "Fail", new.message, is_warning=True)
    elif new.phase is Phase.SUCCEEDED:
        yield Happening(new.reason or "Complete", "Complete", new.message)
    elif new.phase is Phase.RUNNING and old.phase is not Phase.RUNNING:
        yield Happening("TransferStarted", "Start", f"the transfer runs in pod {new.pod}")
    elif new.phase is Phase.RUNNING and new.message != old.message and "; " in new.message:
        # What befalls its pod: it is taken away, or the next one is refused.
        yield Happening("Waiting", "Wait", new.message)
    elif new.phase is Phase.PENDING and new.why and new.why != old.why:
        yield Happening(new.reason or "Waiting", "Wait", new.message)


def event_manifest(
    cube: Obj, happening: Happening, now: datetime, instance: str, unique: str
) -> dict[str, Any]:
    """Return the Event; ``instance`` is the process that tells, ``unique`` ends its name."""
    meta = cube["metadata"]
    at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name'][:200]}.{unique}", "namespace": meta["namespace"]},
        "eventTime": at,
        "reportingController": NAME,
        "reportingInstance": instance[:128],
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
        "action": happening.action,
        "reason": happening.reason,
        "note": happening.note[:_LONGEST_NOTE],
        "type": "Warning" if happening.is_warning else "Normal",
    }
