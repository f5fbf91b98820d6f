"""
What one pod needs next: the decisions of the kubelet, without its hands.

Pure: from the pod as the API has it, the process as it was last seen and the time, one step. All
waiting (a deadline, a grace period) is a number of seconds after which to ask again, so every
rule can be tested without a process and without a clock.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.pods.spec import grace_s
from datacube_runtime.local.pods.status import is_terminal
from datacube_runtime.local.pods.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_GRACE_OF_A_VANISHED_POD_S = 1.0  # the kubelet's shortest
_API_RESOLUTION = timedelta(seconds=1)


class Act(Enum):
    """One thing to do with a pod."""

    NOTHING = auto()
    START = auto()
    """Start its process, or say what it waits for."""
    EXPIRE = auto()
    """Fail it without a process ever having run: its deadline passed while it waited."""
    TERMINATE = auto()
    KILL = auto()
    FINISH = auto()
    """Report how the process ended, and clear up."""
    REMOVE = auto()
    """Take the object away: it was deleted and nothing runs any more."""


@dataclass(frozen=True)
class ProcessView:
    """What is known of the process of a pod."""

    has_ended: bool = False
    ending_since: datetime | None = None
    """When SIGTERM was sent."""
    was_killed: bool = False


@dataclass(frozen=True)
class Step:
    """What to do now, and after how many seconds to ask again even if nothing changes."""

    act: Act
    again_in_s: float | None = None


def next_step(pod: Mapping[str, Any] | None, process: ProcessView | None, now: datetime) -> Step:
    """
    Decide the next step; ``pod`` is None where it is gone while its process still runs.

    A gone pod was deleted by force: its process gets the shortest grace.
    """
    if process is not None:
        return _with_process(pod, process, now)
    if pod is None:
        return Step(Act.NOTHING)
    if "deletionTimestamp" in pod["metadata"]:
        return Step(Act.REMOVE)
    if is_terminal(pod):
        return Step(Act.NOTHING)
    left_s = deadline_left_s(pod, now)
    return Step(Act.EXPIRE) if left_s is not None and left_s <= 0 else Step(Act.START, left_s)


def deadline_left_s(pod: Mapping[str, Any], now: datetime) -> float | None:
    """
    Return the seconds until ``activeDeadlineSeconds`` have passed since the pod's start.

    The API knows whole seconds only, cut off. One is added, so that no attempt is ended early.
    """
    allowed = pod["spec"].get("activeDeadlineSeconds")
    start = (pod.get("status") or {}).get("startTime")
    if allowed is None or start is None:
        return None
    return (moment_of(start) + timedelta(seconds=allowed) + _API_RESOLUTION - now).total_seconds()


def has_expired(pod: Mapping[str, Any], process: ProcessView) -> bool:
    """Tell whether the process was ended because of the pod's deadline."""
    if process.ending_since is None:
        return False
    left_s = deadline_left_s(pod, process.ending_since)
    return left_s is not None and left_s <= 0


def _with_process(pod: Mapping[str, Any] | None, process: ProcessView, now: datetime) -> Step:
    if process.has_ended:
        return Step(Act.FINISH)
    left_s = None if pod is None else deadline_left_s(pod, now)
    grace = _grace_s(pod, left_s)
    if grace is None and process.ending_since is None:
        return Step(Act.NOTHING, left_s)
    if process.was_killed:
        return Step(Act.NOTHING)
    if process.ending_since is None and grace:
        return Step(Act.TERMINATE, grace)
    waited_s = 0.0 if process.ending_since is None else (now - process.ending_since).total_seconds()
    remaining = (grace or 0.0) - waited_s
    return Step(Act.NOTHING, remaining) if remaining > 0 else Step(Act.KILL)


def _grace_s(pod: Mapping[str, Any] | None, left_s: float | None) -> float | None:
    """Return the grace of a process that has to end; None where it may go on."""
    if pod is None:
        return _GRACE_OF_A_VANISHED_POD_S
    has_to_end = "deletionTimestamp" in pod["metadata"] or (left_s is not None and left_s <= 0)
    return grace_s(pod) if has_to_end else None
