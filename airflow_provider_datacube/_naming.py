"""
The name and the marks of a task instance's DataCube: pure, the same in every life of the task.

The name is known before anything is sent, so that the API server's own uniqueness is the lock: a
worker that dies between "created" and "remembered" leaves nothing to remember.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "airflow-provider-datacube"
IDENTITY_LABEL: Final = f"{PREFIX}/task-instance"

# A Job is named after the DataCube, and `<name>-batchjob` has to fit into 63 characters.
_LONGEST_NAME = 52
_HASH_LENGTH = 8
_LONGEST_LABEL = 63


@dataclass(frozen=True)
class TaskIdentity:
    """One task instance, whatever its try: what a retry shares with the try before it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @property
    def digest(self) -> str:
        """Forty hexadecimal digits that no two task instances share."""
        parts = [self.dag_id, self.run_id, self.task_id, self.map_index]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

    def base_name(self, prefix: str = "") -> str:
        """
        Return a DNS name: what the task is called (or ``prefix``), and a piece of the digest.

        :param prefix: readable part to use instead of the ids
        """
        room = _LONGEST_NAME - _HASH_LENGTH - 1
        readable = _slug(prefix or f"{self.dag_id}-{self.task_id}")[:room].rstrip("-")
        return f"{readable or 'datacube'}-{self.digest[:_HASH_LENGTH]}"

    def labels(self, try_number: int) -> dict[str, str]:
        """Return labels for people and selectors; the keys are those of the cncf provider."""
        spoken = {"dag_id": self.dag_id, "task_id": self.task_id, "run_id": self.run_id}
        labels = {key: safe_label(value) for key, value in spoken.items()}
        labels |= {"try_number": str(try_number), IDENTITY_LABEL: self.digest}
        return labels | ({"map_index": str(self.map_index)} if self.map_index >= 0 else {})

    def annotations(self) -> dict[str, str]:
        """Return the exact ids: labels are cut, and have letters replaced."""
        return {f"{PREFIX}/{key}": str(value) for key, value in asdict(self).items()}

    @property
    def selector(self) -> str:
        """The label selector of this task instance's DataCubes."""
        return f"{IDENTITY_LABEL}={self.digest}"

    def owns(self, cube: Mapping[str, Any]) -> bool:
        """Tell whether some try of this task instance made the DataCube."""
        labels = cube["metadata"].get("labels") or {}
        return bool(labels.get(IDENTITY_LABEL) == self.digest)


def owner_of(cube: Mapping[str, Any]) -> str:
    """Say in words whose a DataCube is."""
    annotations = cube["metadata"].get("annotations") or {}
    exact = {key: annotations.get(f"{PREFIX}/{key}") for key in ("task_id", "dag_id", "run_id")}
    if not all(exact.values()):
        return "was not made by an Airflow task"
    index = annotations.get(f"{PREFIX}/map_index", "-1")
    mapped = "" if index == "-1" else f"[{index}]"
    return "belongs to task '{task_id}{mapped}' of DAG '{dag_id}', run '{run_id}'".format_map(
        {**exact, "mapped": mapped}
    )


def safe_label(value: str) -> str:
    """
    Return a valid label value; the value itself where it is one.

    Cut and marked as the cncf provider does it, so that one selector finds a task's pods and its
    DataCubes.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/, and
    ``make_safe_label_value`` in airflow.providers.cncf.kubernetes.pod_generator.
    """
    safe = re.sub(r"^[^a-z0-9A-Z]*|[^a-zA-Z0-9_\-.]|[^a-z0-9A-Z]*$", "", value)
    if safe == value and len(safe) <= _LONGEST_LABEL:
        return safe
    mark = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()[:9]
    return f"{safe[: _LONGEST_LABEL - len(mark) - 1]}-{mark}".lstrip("-")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
