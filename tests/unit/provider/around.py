"""Objects as a cluster returns them, and facts made of them, for tests of what explains them."""

from __future__ import annotations

from typing import Any

from airflow_provider_datacube._facts import Event, Pod
from datacube_api.reference import CubeRef

REF = CubeRef("ml", "weights", "u-1")
POD = "weights-x7k"
SECRET_MISSING = {
    "reason": "CreateContainerConfigError",
    "message": 'secret "git-token" not found',
}


def raw_pod(phase: str = "Pending", *containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    statuses = [{"name": "transfer", **container} for container in containers]
    return {
        "metadata": {"name": POD, "creationTimestamp": "2026-11-24T19:25:00Z"},
        "spec": {"nodeName": "n-1"},
        "status": {"phase": phase, "containerStatuses": statuses, **status},
    }


def pod(phase: str = "Pending", *containers: dict[str, Any], **status: Any) -> Pod:
    return Pod.of(raw_pod(phase, *containers, **status))


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def ended(reason: str, exit_code: int = 1, message: str = "") -> dict[str, Any]:
    return {"state": {"terminated": {"reason": reason, "exitCode": exit_code, "message": message}}}


def event(reason: str, message: str = "", *, kind: str = "Pod", at: int = 0, **more: Any) -> Event:
    said = {
        "metadata": {"creationTimestamp": "2026-11-24T18:00:00Z"},
        "involvedObject": {"kind": kind, "name": POD},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-24T19:25:{at:02}Z",
    }
    return Event.of({**said, **more})
