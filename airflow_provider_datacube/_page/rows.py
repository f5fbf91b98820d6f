"""
A DataCube as a row of the page: pure, from the object as the API returned it.

What anybody may have written passes ``_redaction`` here, once, before it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from airflow_provider_datacube._naming import PREFIX
from airflow_provider_datacube._redaction import safe, safe_outcome
from airflow_provider_datacube._secrecy import SECRET_OPTIONS
from datacube_api.direction import Direction
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Final = 300  # characters of a message in a row
_ADDRESS: Final = {"git": "url", "huggingface": "repo", "s3": "s3-uri"}
"""The option that says where, by the type of an end."""


class Task(TypedDict):
    """The task instance that made a DataCube, by its exact ids."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


class Row(TypedDict):
    """
    What the list shows of one DataCube; ``created`` and ``ended`` as the API writes times.

    How far it is, from 0 to 1, no object tells: None until its pod's log was looked at.
    """

    key: str
    conn_id: str
    namespace: str
    name: str
    uid: str
    state: str
    why: str
    pod: str
    fraction: float | None
    type: str
    direction: str
    source: str
    sink: str
    attempts: int
    retries: int
    created: str
    ended: str
    version: str
    task: Task | None


def row_of(conn_id: str, cube: Mapping[str, Any]) -> Row:
    """Return the row of a DataCube."""
    meta, spec, status = cube["metadata"], cube.get("spec") or {}, cube.get("status") or {}
    source, sink = spec.get("source") or {}, spec.get("sink") or {}
    is_upload = source.get("type") == "pvc"
    outcome = safe_outcome(evaluate(status))
    options = (spec.get("executor") or {}).get("options") or {}
    return {
        "key": f"{conn_id}/{meta['uid']}",
        "conn_id": conn_id,
        "namespace": str(meta["namespace"]),
        "name": str(meta["name"]),
        "uid": str(meta["uid"]),
        "state": str(outcome.phase),
        "why": outcome.why[:_WORDS],
        "pod": outcome.pod,
        "fraction": None,
        "type": safe((sink if is_upload else source).get("type") or ""),
        "direction": Direction.UPLOAD if is_upload else Direction.DOWNLOAD,
        "source": end_of(source),
        "sink": end_of(sink),
        "attempts": _number(status.get("attempts")),
        "retries": _number(options.get("backoffLimit")),
        "created": safe(meta.get("creationTimestamp") or ""),
        "ended": _ended(status) if outcome.phase.is_terminal else "",
        "version": str(meta.get("resourceVersion") or ""),
        "task": task_of(cube),
    }


def end_of(end: Mapping[str, Any]) -> str:
    """Say in one line where an end is, without what may be secret in its address."""
    kind = str(end.get("type") or "")
    if kind == "pvc":
        volume = end.get("pvc") or {}
        return safe("/".join(filter(None, (volume.get("name"), volume.get("subPath")))), _WORDS)
    options = {str(o.get("name")): o for o in end.get("options") or () if isinstance(o, dict)}
    option = options.get(_ADDRESS.get(kind, ""))
    if option is None or option["name"] in SECRET_OPTIONS:
        return ""
    return safe(option.get("value") or reference_of(option), _WORDS)


def reference_of(variable: Mapping[str, Any]) -> str:
    """Say where the value of a variable stands: ``Secret hf-token, key token``."""
    given = variable.get("valueFrom") or {}
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if isinstance(ref := given.get(field), dict):
            return f"{kind} {ref.get('name')}, key {ref.get('key')}"
    return ""


def task_of(cube: Mapping[str, Any]) -> Task | None:
    """Return the task instance whose ids a DataCube carries; None where no task made it."""
    said = cube["metadata"].get("annotations") or {}
    dag_id, run_id, task_id = (said.get(f"{PREFIX}/{i}") for i in ("dag_id", "run_id", "task_id"))
    if not (dag_id and run_id and task_id):
        return None
    index = _number(said.get(f"{PREFIX}/map_index", -1), -1)
    return {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": index}


def _ended(status: Mapping[str, Any]) -> str:
    """Return when it ended: the latest transition of a condition that is true."""
    times = [
        str(condition.get("lastTransitionTime") or "")
        for condition in status.get("conditions") or ()
        if condition.get("status") == "True"
    ]
    return safe(max(times, default=""))


def _number(value: object, otherwise: int = 0) -> int:
    try:
        return int(str(value))
    except ValueError:
        return otherwise
