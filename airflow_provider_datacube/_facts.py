"""
What was found out about a DataCube that failed: its conditions, its pod, Events, a log's end.

Pure: objects as the API returns them → the few words of them that explain. All text in here has
passed ``_redaction``. Each part may be missing, since a task's account need not be allowed to read
it and nothing may wait for it long; then it is said what is missing, and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._redaction import safe
from datacube_api.naming import CONTAINER
from datacube_api.status import ConditionType
from datacube_api.termination import read_termination

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacube_api.status import Outcome

THE_CUBE: Final = "the DataCube"
"""How it is called where it is missing."""

_ENDED_WELL = ("Completed",)
_SECONDS = len("2026-11-24T19:25:04")


@dataclass(frozen=True)
class Condition:
    """A condition of the DataCube."""

    kind: str
    status: str
    why: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Condition:
        """Read one as the API returned it."""
        why = ": ".join(filter(None, (said.get("reason"), said.get("message"))))
        return cls(safe(said.get("type") or ""), safe(said.get("status") or ""), safe(why))

    @property
    def is_an_end(self) -> bool:
        """Whether it says that the DataCube has ended."""
        return self.status == "True" and self.kind != ConditionType.INITIALIZED

    @property
    def is_of_a_start_that_failed(self) -> bool:
        """Whether it says what was waited for, perhaps in vain."""
        return self.status != "True" and self.kind == ConditionType.INITIALIZED and bool(self.why)


@dataclass(frozen=True)
class Container:
    """
    How a container of the pod is, or was before it was started again.

    ``state`` is ``waiting``, ``running`` or ``terminated``.
    """

    name: str
    state: str
    reason: str = ""
    message: str = ""
    exit_code: int | None = None

    @classmethod
    def all_of(cls, said: Mapping[str, Any]) -> Iterable[Container]:
        """Yield the state of one container, and how it ended before, if it did."""
        for states in (said.get("state"), said.get("lastState")):
            for state, facts in (states or {}).items():
                yield cls._of(str(said["name"]), state, facts or {})

    @classmethod
    def _of(cls, name: str, state: str, facts: Mapping[str, Any]) -> Container:
        message = facts.get("message") or ""
        if said := read_termination(message):  # our own last words, which are JSON
            message = f"{said.reason}: {said.message}"
        reason, code = safe(facts.get("reason") or ""), facts.get("exitCode")
        return cls(
            safe(name), safe(state), reason, safe(message), code if code is None else int(code)
        )

    @property
    def has_failed(self) -> bool:
        """Whether it ended, and not well."""
        return self.state == "terminated" and (
            bool(self.exit_code) or self.reason not in _ENDED_WELL
        )

    def __str__(self) -> str:
        code = "" if self.exit_code is None else f"exit code {self.exit_code}"
        return f"container {self.name} " + ", ".join(filter(None, (self.state, self.reason, code)))


@dataclass(frozen=True)
class Pod:
    """The pod of an attempt; ``unscheduled`` says why no node has it."""

    name: str
    phase: str = ""
    node: str = ""
    reason: str = ""
    message: str = ""
    unscheduled: str = ""
    containers: tuple[Container, ...] = ()

    @classmethod
    def of(cls, pod: Mapping[str, Any]) -> Pod:
        """Read one as the API returned it."""
        status = pod.get("status") or {}
        entries = [
            *(status.get("initContainerStatuses") or ()),
            *(status.get("containerStatuses") or ()),
        ]
        return cls(
            name=safe(pod["metadata"]["name"]),
            phase=safe(status.get("phase") or "Pending"),
            node=safe((pod.get("spec") or {}).get("nodeName") or ""),
            reason=safe(status.get("reason") or ""),
            message=safe(status.get("message") or ""),
            unscheduled=_unscheduled(status.get("conditions") or ()),
            containers=tuple(c for entry in entries for c in Container.all_of(entry)),
        )

    @property
    def has_started(self) -> bool:
        """Whether there may be a log."""
        return any(c.state in ("running", "terminated") for c in self.containers)

    @property
    def container(self) -> str:
        """The container to read: others may have been put beside it by the cluster."""
        failed = [c.name for c in self.containers if c.has_failed]
        names = [c.name for c in self.containers]
        return next(iter([*failed, *(name for name in names if name == CONTAINER), *names]), "")


def _unscheduled(conditions: Iterable[Mapping[str, Any]]) -> str:
    for said in conditions:
        if said.get("type") == "PodScheduled" and said.get("status") == "False":
            return safe(said.get("message") or said.get("reason") or "no node has it")
    return ""


@dataclass(frozen=True)
class Event:
    """A Kubernetes Event; ``when`` it was last seen, in whole seconds as the API writes them."""

    when: str
    is_warning: bool
    kind: str
    name: str
    reason: str
    message: str
    count: int = 1

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Event:
        """Read one, of the older kind or the newer one, as the API returned it."""
        series, about = said.get("series") or {}, said["involvedObject"]
        times = (
            series.get("lastObservedTime"),
            said.get("lastTimestamp"),
            said.get("eventTime"),
            said["metadata"].get("creationTimestamp"),
        )
        return cls(
            when=safe(next(filter(None, times), ""))[:_SECONDS] + "Z",
            is_warning=said.get("type") == "Warning",
            kind=safe(about.get("kind") or ""),
            name=safe(about.get("name") or ""),
            reason=safe(said.get("reason") or ""),
            message=safe(said.get("message") or ""),
            count=int(series.get("count") or said.get("count") or 1),
        )


@dataclass(frozen=True)
class Missing:
    """What could not be found out; ``grant`` is the right that was lacking, if it was that."""

    what: str
    why: str
    grant: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that was found out; what is empty may be in ``missing``."""

    outcome: Outcome | None = None
    conditions: tuple[Condition, ...] = ()
    pod: Pod | None = None
    events: tuple[Event, ...] = ()
    log: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()


def conditions_of(cube: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Return the conditions of a DataCube as the API returned it."""
    return tuple(map(Condition.of, (cube.get("status") or {}).get("conditions") or ()))
