"""
What a transfer hands on: which object it was, where the data is, what came of it, how long it took.

Pure, from the object as the API returned it. JSON values alone, so that it can be an XCom. Works
with the status of any platform's controller: what that does not say is None.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from datacube_api.reference import CubeRef
from datacube_api.status import ConditionType, evaluate
from datacube_api.uris import ends_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Durations(TypedDict):
    """Seconds, by the cluster's clock; None is: not known."""

    waiting: float | None
    """From the object's creation to the start of its pod."""

    transfer: float | None
    """From the start of the pod to the end, with all attempts and the pauses between them."""

    total: float | None
    """From the creation to the end."""


class Transferred(TypedDict):
    """What the operator returns, and the sensor once for each DataCube: their XCom."""

    namespace: str
    name: str
    uid: str
    """Which DataCube it was."""

    source: str
    sink: str
    """Both ends as URIs (``pvc://``, ``s3://``, ``hf://``, ``https://``); empty: not to be told."""

    pvc: str
    sub_path: str
    """The end that is a volume: the claim, and the path in it."""

    pod: str
    """The pod of the last attempt."""

    attempts: int | None
    """How many pods it took."""

    bytes: int | None
    files: int | None
    """How much there is now at the sink, as far as this transfer is concerned."""

    revision: str | None
    """The commit of a Git or Hugging Face transfer."""

    durations: Durations

    result: dict[str, Any]
    """Everything that the transfer program said; each backend's document has its own fields."""


def transferred(cube: Mapping[str, Any]) -> Transferred:
    """Return what is known of a DataCube, whether it has ended or not."""
    ref, spec, status = CubeRef.of(cube), cube["spec"], cube.get("status") or {}
    said = status.get("result")
    result = said if isinstance(said, dict) else {}
    volume, ends = _volume(spec), ends_of(spec, ref.namespace)
    return {
        "namespace": ref.namespace,
        "name": ref.name,
        "uid": ref.uid,
        "source": ends.source,
        "sink": ends.sink,
        "pvc": volume.get("name") or "",
        "sub_path": volume.get("subPath") or "",
        "pod": evaluate(status).pod,
        "attempts": _number(status.get("attempts")),
        "bytes": _number(result.get("bytes")),
        "files": _number(result.get("files")),
        "revision": _text(result.get("revision")) or _text(result.get("commit")),
        "durations": _durations(cube["metadata"], status),
        "result": dict(result),
    }


def _volume(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    ends = (spec.get("source") or {}, spec.get("sink") or {})
    return next((end["pvc"] for end in ends if end.get("type") == "pvc"), {})


def _durations(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> Durations:
    since = {
        c.get("type"): _time(c.get("lastTransitionTime"))
        for c in status.get("conditions") or ()
        if c.get("status") == "True"
    }
    created = _time(metadata.get("creationTimestamp"))
    started = since.get(ConditionType.INITIALIZED)
    ended = since.get(ConditionType.FAILED) or since.get(ConditionType.COMPLETE)
    return {
        "waiting": _between(created, started),
        "transfer": _between(started, ended),
        "total": _between(created, ended),
    }


def _between(first: datetime | None, last: datetime | None) -> float | None:
    """Return seconds, whole ones as Kubernetes tells times; never negative, whatever the clocks."""
    return max(0.0, (last - first).total_seconds()) if first and last else None


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
