"""What a person reads: whole texts, as they stand in a task's log."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_datacube._explanation import Explanation, explain
from airflow_provider_datacube._facts import Condition, Facts, Missing, Pod
from airflow_provider_datacube._mends import KNOWN
from airflow_provider_datacube._troubles import troubles
from datacube_api.errors import DataCubeFailedError, DataCubeGoneError, DataCubeTimeoutError
from datacube_api.status import Outcome, Phase
from tests.unit.provider.around import POD, REF, SECRET_MISSING, ended, event, pod, waiting

ENDED = "container transfer terminated, Error, exit code 77"
STUCK = "container transfer waiting, CreateContainerConfigError"
LATE = DataCubeTimeoutError(REF, 600)
WAITING = f'pod {POD} is pending: CreateContainerConfigError: secret "git-token" not found'
NO_SECRET = pod("Pending", {"state": {"waiting": SECRET_MISSING}})


def failed(reason: str = "", message: str = "") -> DataCubeFailedError:
    return DataCubeFailedError(REF, Outcome(Phase.FAILED, reason, message, POD))


def initialized(status: str, reason: str, message: str) -> Condition:
    said = {"type": "Initialized", "status": status, "reason": reason, "message": message}
    return Condition.of(said)


def said(error: Any, facts: Facts) -> str:
    error.hint = explain(error, facts).hint
    return str(error)


def test_a_failure_with_a_reason_of_its_own() -> None:
    error = failed("AuthenticationFailed", "git.example.org did not accept the token")
    facts = Facts(
        conditions=(Condition("Failed", "True", error.outcome.why),),
        pod=pod("Failed", ended("Error", 77)),
        events=(event("BackoffLimitExceeded", "Job has failed", kind="Job", count=2),),
        log=("cloning", "ERROR 401"),
    )
    assert explain(error, facts) == Explanation(
        hint="renew the credential in its Secret or connection, or give one",
        cause=dedent(f"""\
            DataCube ml/weights failed
              because    AuthenticationFailed: git.example.org did not accept the token
              means      the service does not accept the credential, or demands one
              mend       renew the credential in its Secret or connection, or give one
              retries    none: the next try would fail in the same way
              condition  Failed is True
              pod        {POD} on node n-1: Failed; {ENDED}"""),
        events=dedent("""\
            Kubernetes Events, oldest first (1 of 1):
              2026-11-24T19:25:00Z  Warning  Job BackoffLimitExceeded: Job has failed (2 times)"""),
        log=dedent("""\
            The last lines of the pod's log (2):
              | cloning
              | ERROR 401"""),
    )


def test_a_task_that_gave_up_says_what_was_waited_for() -> None:
    outcome = Outcome(Phase.PENDING, "PodPending", WAITING, POD, "CreateContainerConfigError")
    facts = Facts(outcome, (initialized("False", "PodPending", WAITING),), NO_SECRET)
    told = explain(LATE, facts)
    assert told.cause == dedent(f"""\
        DataCube ml/weights did not end in time
          because    PodPending: {WAITING}
          means      a Secret, a ConfigMap or a key of one that the pod needs is not there
          mend       {KNOWN["CreateContainerConfigError"].mend}
          condition  Initialized is False
          pod        {POD} on node n-1: Pending; {STUCK}""")
    assert told.hint == (
        f"PodPending: {WAITING}; create what the message names, in the DataCube's namespace: "
        "the pod starts by itself"
    )


@pytest.mark.parametrize(
    ("error", "facts", "expected"),
    [
        pytest.param(
            failed(),
            Facts(pod=pod("Failed", ended("OOMKilled", 137))),
            f"DataCube ml/weights failed: the status gives no reason; pod {POD}: OOMKilled: exit "
            "code 137; raise the memory limit of the transfer pod, or move less at once",
            id="another platform's controller gives no reason",
        ),
        pytest.param(
            failed("PodFailed", f"pod {POD}: OOMKilled, exit code 137"),
            Facts(pod=pod("Failed", ended("OOMKilled", 137))),
            f"DataCube ml/weights failed: PodFailed: pod {POD}: OOMKilled, exit code 137; raise "
            "the memory limit of the transfer pod, or move less at once",
            id="our controller has told of the pod already",
        ),
        pytest.param(
            failed("WordOfAnotherPlatform", "it broke"),
            Facts(pod=pod("Failed", reason="Evicted", message="The node was low on resource: x.")),
            f"DataCube ml/weights failed: WordOfAnotherPlatform: it broke; pod {POD}: Evicted: The "
            "node was low on resource: x; start it again; if it stays so, give the node or the pod "
            "more of what it lacked",
            id="a foreign word says less than the pod",
        ),
        pytest.param(
            failed("Error", "it broke"),
            Facts(pod=pod("Failed", reason="Evicted", message="no disk left")),
            f"DataCube ml/weights failed: Error: it broke; pod {POD}: Evicted: no disk left; "
            f"{KNOWN['Evicted'].mend}",
            id="a word that says only that it failed",
        ),
        pytest.param(
            failed("DeadlineExceeded", "the attempt took longer than 4"),
            Facts(conditions=(initialized("False", "PodPending", WAITING),)),
            "DataCube ml/weights failed: DeadlineExceeded: the attempt took longer than 4; it was "
            f"waiting: PodPending: {WAITING}; give Executor(active_deadline_seconds=…) more time, "
            "or mend what it waited for",
            id="a deadline that passed before the start",
        ),
        pytest.param(
            failed("VolumeNotFound", "claim 'data' is not there"),
            Facts(
                conditions=(initialized("False", "VolumeNotFound", "claim 'data' is not there"),)
            ),
            "DataCube ml/weights failed: VolumeNotFound: claim 'data' is not there; create it "
            "first, or give PVC(size=…) for a download",
            id="what was waited for is what failed",
        ),
        pytest.param(
            failed("Odd", "it broke"),
            Facts(),
            "DataCube ml/weights failed: Odd: it broke",
            id="nothing is known",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(Outcome(Phase.RUNNING, "TransferStarted", "The DataCube is initialized")),
            "DataCube ml/weights did not end within 600 seconds; it was still running; its log may "
            "show how far it is; give the task more time",
            id="it was slow",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(
                Outcome(Phase.PENDING), pod=pod("Pending", waiting("ImagePullBackOff", "no x:1"))
            ),
            f"DataCube ml/weights did not end within 600 seconds; pod {POD}: ImagePullBackOff: no "
            f"x:1; {KNOWN['ImagePullBackOff'].mend}",
            id="an image, and a controller that does not say so",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(Outcome(Phase.PENDING, "VolumeNotFound", "claim 'data' is not there")),
            "DataCube ml/weights did not end within 600 seconds; VolumeNotFound: claim 'data' is "
            "not there; create it first, or give PVC(size=…) for a download",
            id="a claim is missing",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(Outcome(Phase.PENDING)),
            "DataCube ml/weights did not end within 600 seconds; it is Pending",
            id="nothing is known but that it waits",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(events=(event("FailedCreate", "over quota", kind="Job"),)),
            f"DataCube ml/weights did not end within 600 seconds; Job {POD}: FailedCreate: over "
            f"quota; {KNOWN['FailedCreate'].mend}",
            id="there is no pod, and an Event says why",
        ),
        pytest.param(
            DataCubeTimeoutError(REF, 600),
            Facts(missing=(Missing("everything", "no answer"),)),
            "DataCube ml/weights did not end within 600 seconds",
            id="nothing could be found out",
        ),
        pytest.param(
            DataCubeGoneError(REF),
            Facts(),
            str(DataCubeGoneError(REF)),
            id="it is gone, which is all there is to say",
        ),
    ],
)
def test_an_errors_text_says_what_and_why_and_the_mend(
    error: Any, facts: Facts, expected: str
) -> None:
    assert said(error, facts) == expected


def test_a_condition_is_told_even_when_the_datacube_cannot_be_read() -> None:
    told = explain(failed("PodFailed", "it broke"), Facts(pod=pod("Failed", reason="Evicted")))
    assert "  condition  Failed is True: PodFailed: it broke" in told.cause


def test_of_one_that_is_gone_that_is_not_said_twice() -> None:
    facts = Facts(missing=(Missing("the DataCube", "it is gone"), Missing("pod p", "it is gone")))
    assert explain(DataCubeGoneError(REF), facts).cause.splitlines() == [
        "DataCube ml/weights is gone",
        "  missing    pod p: it is gone",
    ]


def test_rights_that_are_lacking_are_named_once() -> None:
    facts = Facts(
        missing=(
            Missing("Events", "403 Forbidden", "list events"),
            Missing("the log", "403 Forbidden", "get pods/log"),
            Missing("pod p", "no answer within 3 seconds"),
        )
    )
    rights, other = explain(LATE, facts).cause.splitlines()[1:]
    assert rights == (
        "  missing    Events, the log: this account may not get pods/log, list events "
        "(allow it, to be told more)"
    )
    assert other == "  missing    pod p: no answer within 3 seconds"


def test_a_warning_is_not_lost_among_many_events() -> None:
    normal = [event(f"Normal{number}", at=number, type="Normal") for number in range(20)]
    told = explain(LATE, Facts(events=(event("FailedMount", "x", at=0), *normal))).events
    assert told.splitlines()[:2] == [
        "Kubernetes Events, oldest first (10 of 21):",
        "  2026-11-24T19:25:00Z  Warning  Pod FailedMount: x",
    ]
    assert [line.split()[3].strip(":") for line in told.splitlines()[2:]] == [
        f"Normal{number}" for number in range(11, 20)
    ]


words = st.sampled_from(["", "Odd", *KNOWN]) | st.text(max_size=20)
errors = st.one_of(
    st.builds(failed, words, st.text(max_size=40)),
    st.just(DataCubeTimeoutError(REF, 600)),
    st.just(DataCubeGoneError(REF)),
)
facts = st.builds(
    Facts,
    outcome=st.none() | st.builds(Outcome, st.sampled_from(Phase), words, words, words, words),
    conditions=st.lists(st.builds(initialized, words, words, st.text()), max_size=3).map(tuple),
    pod=st.none() | st.builds(Pod, st.just(POD), words, words, words, words, words),
    events=st.lists(st.builds(event, words, words), max_size=30).map(tuple),
    missing=st.lists(st.builds(Missing, words, words, words), max_size=3).map(tuple),
)


@given(errors, facts)
def test_whatever_is_known_something_is_said(error: Any, facts: Facts) -> None:
    told = explain(error, facts)
    assert told.cause.startswith("DataCube ml/weights ")
    assert len(told.events.splitlines()) <= 11
    if isinstance(error, DataCubeFailedError) and error.reason in KNOWN:
        assert told.hint.endswith(KNOWN[error.reason].mend) or troubles(facts)
