"""Writing conditions as Kubernetes does: one entry a type, the transition time kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from datacube_api.status import ConditionType


def timestamp(moment: datetime) -> str:
    """Return an aware UTC time as metav1.Time has it: whole seconds, ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_condition(  # noqa: PLR0913 - the fields of a condition, and when
    conditions: Iterable[Mapping[str, Any]],
    kind: ConditionType,
    *,
    is_true: bool,
    reason: str,
    message: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """
    Return the conditions with the one of type ``kind`` set; the others, and the order, stay.

    ``lastTransitionTime`` changes only when the status does. Where nothing but the time would
    change, the condition stays exactly as it was, so that saying it again writes nothing.
    """
    kept = [dict(condition) for condition in conditions]
    old = next((c for c in kept if c.get("type") == kind), None)
    said = {"type": str(kind), "status": str(is_true), "reason": reason, "message": message}
    if old is not None and {key: old.get(key) for key in said} == said:
        return kept
    moment = timestamp(now)
    same = old is not None and old.get("status") == said["status"]
    since = old.get("lastTransitionTime", moment) if same and old else moment
    new = {**said, "lastProbeTime": moment, "lastTransitionTime": since}
    if old is None:
        return [*kept, new]
    return [new if c is old else c for c in kept]
