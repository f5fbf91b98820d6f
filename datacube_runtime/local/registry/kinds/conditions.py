"""
The conditions in a status, as Go writes them: a time that nobody said is null, not absent.

Source: PodCondition and JobCondition in k8s.io/api/{core,batch}/v1/types.go, whose times are
structs, which ``omitempty`` never leaves out
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = ("lastProbeTime", "lastTransitionTime")


def complete_conditions(status: Mapping[str, Any]) -> None:
    """Write down the times that are not said."""
    for condition in status.get("conditions") or ():
        for time in _TIMES:
            condition.setdefault(time, None)
