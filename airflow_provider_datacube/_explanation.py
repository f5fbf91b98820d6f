"""
From an error and the facts around it to what a person reads: pure.

The error's own text gets a hint: what the pod said where the status did not say it, and the mend.
It is one line, since Airflow shows an error so. The task's log gets the rest before it, the cause
first, then the Events, then the last lines of the pod's log. What begins a line there is ours, and
what others said stands behind it, so that nobody can write a line that seems to be Airflow's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_datacube._facts import THE_CUBE, Condition, Facts
from airflow_provider_datacube._failures import is_final
from airflow_provider_datacube._mends import KNOWN, Known
from airflow_provider_datacube._troubles import troubles
from datacube_api.errors import DataCubeFailedError, DataCubeGoneError, DataCubeTimeoutError
from datacube_api.reasons import Reason
from datacube_api.status import Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datacube._facts import Event, Pod
    from airflow_provider_datacube._troubles import Trouble

    Explained = DataCubeFailedError | DataCubeGoneError | DataCubeTimeoutError

_MOST_EVENTS = 10

# Reasons that say no more than that it failed: what the pod says comes first.
_VAGUE = (Reason.POD_FAILED, Reason.BACKOFF_LIMIT_EXCEEDED, "Error")
_TAKES_LONG = "its log may show how far it is; give the task more time"


@dataclass(frozen=True)
class Explanation:
    """What is said beside an error: in its text, and in the task's log."""

    hint: str
    cause: str
    events: str
    log: str


class Lead(NamedTuple):
    """The cause in one line, what it means, what mends it, and whether the error says it."""

    text: str = ""
    means: str = ""
    mend: str = ""
    is_in_error: bool = False


def explain(error: Explained, facts: Facts | None = None) -> Explanation:
    """Return what is to be said about an error; without facts, what it tells of itself."""
    outcome = error.outcome if isinstance(error, DataCubeFailedError) else None
    facts = facts or Facts(outcome)
    outcome = outcome or facts.outcome
    lead = lead_of(error, outcome, troubles(facts))
    return Explanation(
        hint="; ".join(text.rstrip(".") for text in _hint(facts, lead)),
        cause="\n".join((_headline(error), *_rows(error, facts, lead))),
        events="\n".join(_events(facts.events)),
        log="" if _is_log_shown(error) else "\n".join(_log(facts)),
    )


def _headline(error: Explained) -> str:
    if isinstance(error, DataCubeFailedError):
        return f"DataCube {error.ref} failed"
    if isinstance(error, DataCubeGoneError):
        return f"DataCube {error.ref} is gone"
    return f"DataCube {error.ref} did not end in time"


def lead_of(error: Explained, outcome: Outcome | None, found: tuple[Trouble, ...]) -> Lead:
    """Return the cause: the condition's, where it says more than that it failed, or the pod's."""
    has_failed = isinstance(error, DataCubeFailedError)
    if outcome is None:
        return Lead(str(found[0]), found[0].means, found[0].mend) if found else Lead()
    known = KNOWN.get(outcome.reason, Known(""))
    if known.mend and outcome.reason not in _VAGUE:
        return Lead(outcome.why, *known, is_in_error=has_failed)
    if found:
        # Our controller's message tells of the pod already, another's may not.
        is_told = found[0].word in outcome.message
        text = outcome.why if is_told else str(found[0])
        return Lead(text, found[0].means, found[0].mend, is_in_error=has_failed and is_told)
    if has_failed:
        return Lead(outcome.why or "the status gives no reason", *known, is_in_error=True)
    if outcome.phase is Phase.RUNNING:
        return Lead("it was still running", mend=_TAKES_LONG)
    return Lead(outcome.why or f"it is {outcome.phase}", known.means)


def _hint(facts: Facts, lead: Lead) -> Iterator[str]:
    if lead.text and not lead.is_in_error:
        yield lead.text
    waited_for = [c.why for c in facts.conditions if c.is_of_a_start_that_failed]
    if lead.is_in_error and waited_for and waited_for[0] != lead.text:
        yield f"it was waiting: {waited_for[0]}"
    if lead.mend:
        yield lead.mend


def _rows(error: Explained, facts: Facts, lead: Lead) -> Iterator[str]:
    """Yield the lines below the headline."""
    said = (
        ("because", lead.text),
        ("means", lead.means),
        ("mend", lead.mend),
        ("retries", "none: the next try would fail in the same way" if is_final(error) else ""),
        *(("condition", text) for text in _conditions(error, facts, lead)),
        ("pod", _pod(facts.pod) if facts.pod else ""),
        *(("missing", text) for text in _missing(error, facts)),
    )
    yield from (f"  {label:<11}{text}" for label, text in said if text)


def _conditions(error: Explained, facts: Facts, lead: Lead) -> Iterator[str]:
    """Yield the conditions that decide, and the one that says what was waited for."""
    known = facts.conditions
    if not known and isinstance(error, DataCubeFailedError):
        known = (Condition("Failed", "True", error.outcome.why),)
    for condition in known:
        if condition.is_an_end or condition.is_of_a_start_that_failed:
            why = "" if condition.why == lead.text else condition.why
            yield ": ".join(filter(None, (f"{condition.kind} is {condition.status}", why)))


def _pod(pod: Pod) -> str:
    where = f" on node {pod.node}" if pod.node else ""
    return "; ".join((f"{pod.name}{where}: {pod.phase}", *map(str, pod.containers)))


def _missing(error: Explained, facts: Facts) -> Iterator[str]:
    """Yield what is missing; of all that is forbidden once which rights would show it."""
    forbidden = [missing for missing in facts.missing if missing.grant]
    if forbidden:
        what = ", ".join(sorted({missing.what for missing in forbidden}))
        rights = ", ".join(sorted({missing.grant for missing in forbidden}))
        yield f"{what}: this account may not {rights} (allow it, to be told more)"
    is_gone = isinstance(error, DataCubeGoneError)
    for missing in facts.missing:
        if not missing.grant and not (is_gone and missing.what == THE_CUBE):
            yield f"{missing.what}: {missing.why}"


def _events(events: tuple[Event, ...]) -> Iterator[str]:
    """Yield the latest Events, warnings before others, in the order in which they came."""
    by_weight = sorted(events, key=lambda event: (event.is_warning, event.when))
    shown = sorted(by_weight[-_MOST_EVENTS:], key=lambda event: event.when)
    if not shown:
        return
    yield f"Kubernetes Events, oldest first ({len(shown)} of {len(events)}):"
    for event in shown:
        weight = "Warning" if event.is_warning else "Normal"
        times = f" ({event.count} times)" if event.count > 1 else ""
        yield f"  {event.when}  {weight:<7}  {event.kind} {event.reason}: {event.message}{times}"


def _is_log_shown(error: Explained) -> bool:
    """Tell whether the pod's log stands above in the task's log."""
    return isinstance(error, DataCubeFailedError) and error.is_log_shown


def _log(facts: Facts) -> Iterator[str]:
    if facts.log:
        yield f"The last lines of the pod's log ({len(facts.log)}):"
        yield from (f"  | {line}" for line in facts.log)
