"""
What stands in the way of a DataCube's pod, in Kubernetes' own words: pure, the most telling first.

Only fields that Kubernetes defines are read, no text is searched for words. What the pod says of
itself counts for more than an Event, which may be old by now: Events are asked where a pod cannot
speak, because there is none, it may not be read, or it waits for something outside of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_datacube._mends import KNOWN, KUBERNETES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datacube._facts import Container, Event, Facts, Pod

_ON_ITS_WAY = ("", "ContainerCreating", "PodInitializing")
_AGAIN = "CrashLoopBackOff"  # says less than how it ended before
_UNSCHEDULABLE = "Unschedulable"
_ITS_EVENT = "FailedScheduling"
_ERROR = "Error"  # of any program that ends with another code than 0


class Trouble(NamedTuple):
    """A word to look up, of what, and what more is told."""

    word: str
    where: str
    message: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.where, self.word, self.message)))

    @property
    def means(self) -> str:
        """What the word means; empty where nobody knows."""
        return KNOWN[self.word].means if self.word in KNOWN else ""

    @property
    def mend(self) -> str:
        """What to do about it; empty where nobody knows."""
        return KNOWN[self.word].mend if self.word in KNOWN else ""


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Return everything that is known to be wrong, the most telling first, each word once."""
    found = list(_of_pod(facts.pod, facts.log)) if facts.pod else []
    if facts.pod is None or not facts.pod.has_started:
        told = [t for t in _of_events(facts.events) if not (found and t.word == _ITS_EVENT)]
        # That no node can take the pod may be due to a claim, of which an Event says more.
        is_vague = all(trouble.word == _UNSCHEDULABLE for trouble in found)
        found = [*told, *found] if is_vague else [*found, *told]
    outcome = facts.outcome
    if not found and outcome and outcome.pod_status in KUBERNETES:
        found = [Trouble(outcome.pod_status, f"pod {outcome.pod}")]
    by_word: dict[str, Trouble] = {}
    for trouble in found:
        by_word.setdefault(trouble.word, trouble)
    return tuple(by_word.values())


def _of_pod(pod: Pod, log: tuple[str, ...]) -> Iterator[Trouble]:
    where = f"pod {pod.name}"
    if pod.reason:  # why the kubelet ended it
        yield Trouble(pod.reason, where, pod.message)
    waiting = [c for c in pod.containers if c.state == "waiting" and c.reason not in _ON_ITS_WAY]
    for container in sorted(waiting, key=lambda c: c.reason == _AGAIN):
        if container.reason == _AGAIN:
            yield from _of_ends(where, pod.containers, log)
        yield Trouble(container.reason, where, container.message)
    yield from _of_ends(where, pod.containers, log)
    if pod.unscheduled:
        yield Trouble(_UNSCHEDULABLE, where, pod.unscheduled)


def _of_ends(
    where: str, containers: tuple[Container, ...], log: tuple[str, ...]
) -> Iterator[Trouble]:
    for container in containers:
        if container.has_failed:
            word = container.reason or _ERROR
            code = "" if container.exit_code is None else f"exit code {container.exit_code}"
            # Nobody says more than that it failed, unless its last line does.
            last = log[-1].strip() if log and word == _ERROR else ""
            words = container.message or last
            yield Trouble(word, where, ": ".join(filter(None, (code, words))))


def _of_events(events: tuple[Event, ...]) -> Iterator[Trouble]:
    for event in reversed(events):
        if event.is_warning and event.reason in KUBERNETES:
            yield Trouble(event.reason, f"{event.kind} {event.name}", event.message)
