"""
How long a pod is given to end, and how a second delete may shorten that.

Only pods end gracefully: every other object is there or gone. Pure: what is decided here is written
into the pod that is handed in, and stored by ``deletion``.

Source: ``BeforeDelete`` in k8s.io/apiserver/pkg/registry/rest/delete.go and ``CheckGracefulDelete``
in k8s.io/kubernetes/pkg/registry/core/pod/strategy.go
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

_OVER = ("Succeeded", "Failed")
_SHORTEST_S = 1


def is_over(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod has ended."""
    return pod.get("status", {}).get("phase") in _OVER


def give_time(pod: dict[str, Any], asked_s: int | None, now: datetime) -> bool:
    """
    Write into a pod when it has to be gone; tell whether this delete has anything to say.

    It has not where the pod is being deleted already, with no more time than is asked for now.
    """
    meta = pod["metadata"]
    if "deletionTimestamp" not in meta:
        grace_s = _allowed_s(pod, asked_s)
        _set(meta, grace_s, now + timedelta(seconds=grace_s))
        if "generation" in meta:
            meta["generation"] += 1
        return True
    granted_s = meta.get("deletionGracePeriodSeconds")
    if not granted_s:
        return True
    if asked_s is None or asked_s >= granted_s:
        return False
    begun = datetime.fromisoformat(meta["deletionTimestamp"]) - timedelta(seconds=granted_s)
    end = begun + timedelta(seconds=asked_s)
    if end < now:  # never into the past; whoever asked for some time gets the least there is
        end, asked_s = now, min(asked_s, _SHORTEST_S)
    _set(meta, asked_s, end)
    return True


def _allowed_s(pod: Mapping[str, Any], asked_s: int | None) -> int:
    """Return the time of a first delete: none for a pod that does not run."""
    if is_over(pod) or not pod["spec"].get("nodeName"):
        return 0
    if asked_s is not None:
        return asked_s
    own_s: int = pod["spec"].get("terminationGracePeriodSeconds", 0)
    return own_s


def _set(meta: dict[str, Any], grace_s: int, end: datetime) -> None:
    meta["deletionTimestamp"] = timestamp(end)
    meta["deletionGracePeriodSeconds"] = grace_s
