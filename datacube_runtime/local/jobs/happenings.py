"""
What the Job controller tells of a Job by Kubernetes Events.

Pure: from the status as it was and as it will be, the news. The words are Kubernetes' own.

Source: pkg/controller/job/job_controller.go and pkg/controller/controller_utils.go of
kubernetes/kubernetes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.events import Happening, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOURCE = Source("job-controller")


def created(pod: Mapping[str, Any]) -> Happening:
    """Return that an attempt was begun."""
    return Happening("SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")


def deleted(pod: Mapping[str, Any]) -> Happening:
    """Return that an attempt was taken away."""
    return Happening("SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")


def news(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Happening]:
    """Yield what has become of a Job from one status to the next."""
    known = {(c["type"], c["status"]) for c in before.get("conditions") or ()}
    for condition in after.get("conditions") or ():
        said = (condition["type"], condition["status"])
        if said in known:
            continue
        match said:
            case ("Complete", "True"):
                yield Happening("Completed", "Job completed")
            case ("Failed", "True"):
                yield Happening(condition["reason"], condition["message"], is_warning=True)
            case ("Suspended", "True"):
                yield Happening("Suspended", "Job suspended")
            case ("Suspended", "False"):
                yield Happening("Resumed", "Job resumed")
