from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_datacube._selection import Selection, check_selection, selected
from airflow_provider_datacube._sensing import (
    Condition,
    Judgement,
    Verdict,
    from_event,
    late,
    of_error,
)
from datacube_api import errors
from datacube_api.status import has_condition

ALL = Selection("ml", label_selector="team=x")


def cube(name: str, *true: str) -> dict[str, Any]:
    said = [{"type": kind, "status": "True", "reason": "R", "message": "it broke"} for kind in true]
    return {
        "metadata": {"namespace": "ml", "name": name, "uid": f"uid-{name}"},
        "spec": {"source": {"type": "git"}, "sink": {"type": "pvc", "pvc": {"name": "data"}}},
        "status": {"conditions": said, "pod": {"reference": {"name": "pod-1"}}},
    }


RUNNING, DONE = cube("r", "Initialized"), cube("d", "Initialized", "Complete")
FAILED, NEW = cube("f", "Initialized", "Failed"), cube("n")


@pytest.mark.parametrize(
    ("match", "cubes", "verdict"),
    [
        ("all", [DONE], "met"),
        ("all", [DONE, RUNNING], "wait"),
        ("any", [DONE, RUNNING], "met"),
        ("any", [NEW, RUNNING], "wait"),
        ("all", [DONE, FAILED, RUNNING], "never"),
        ("any", [FAILED, RUNNING], "wait"),
        ("any", [FAILED, FAILED], "never"),
        ("any", [FAILED, DONE], "met"),
    ],
)
def test_how_many_of_them_count(match: Any, cubes: list[Any], verdict: str) -> None:
    assert Condition(match=match).judge(ALL, cubes).verdict == verdict


@pytest.mark.parametrize(
    ("kind", "seen", "verdict"),
    [
        ("Initialized", NEW, "wait"),
        ("Initialized", RUNNING, "met"),
        ("Initialized", DONE, "met"),
        ("Initialized", FAILED, "met"),
        ("Failed", FAILED, "met"),
        ("Failed", RUNNING, "wait"),
        ("Failed", DONE, "never"),
        ("Complete", cube("both", "Complete", "Failed"), "never"),
        ("Verified", DONE, "wait"),
        ("Verified", cube("v", "Verified"), "met"),
        ("Verified", FAILED, "never"),
    ],
)
def test_any_condition_can_be_waited_for(kind: str, seen: Any, verdict: str) -> None:
    assert Condition(kind).judge(ALL, [seen]).verdict == verdict


@pytest.mark.parametrize("status", ["False", "Unknown", True])
def test_a_condition_counts_only_when_it_is_true(status: object) -> None:
    assert not has_condition({"conditions": [{"type": "V", "status": status}]}, "V")
    assert not has_condition(None, "V")


def test_a_failure_may_be_waited_out() -> None:
    assert Condition(if_failed="wait").judge(ALL, [FAILED]).verdict is Verdict.WAIT


@pytest.mark.parametrize(("if_missing", "verdict"), [("wait", "wait"), ("fail", "never")])
def test_what_is_missing_is_waited_for_or_not(if_missing: Any, verdict: str) -> None:
    judgement = Condition(if_missing=if_missing).judge(ALL, [])
    assert (judgement.verdict, "there is none" in judgement.why) == (verdict, True)


def test_a_failure_is_explained() -> None:
    why = Condition().judge(ALL, [FAILED]).why
    assert why == "DataCube ml/f failed: R: it broke (pod pod-1)"


def test_a_failure_comes_with_its_mend() -> None:
    failed = cube("f", "Failed")
    failed["status"]["pod"]["status"] = "OOMKilled"
    assert (
        Condition()
        .judge(ALL, [failed])
        .why.endswith(
            "raise the memory limit of the transfer pod, or move less at once (pod pod-1)"
        )
    )
    failed["status"]["conditions"][-1]["reason"] = "NoSpaceLeft"
    assert "enlarge the claim" in Condition().judge(ALL, [failed]).why


def test_a_failure_tells_no_secret() -> None:
    failed = cube("f", "Failed")
    failed["status"]["conditions"][-1]["message"] = "https://canary-token@host failed"
    assert "canary" not in Condition().judge(ALL, [failed]).why


def test_what_met_it_is_told() -> None:
    (told,) = Condition(match="any").judge(ALL, [DONE, RUNNING]).cubes
    assert (told["name"], told["uid"], told["pvc"]) == ("d", "uid-d", "data")


@pytest.mark.parametrize(
    "judgement",
    [
        Condition().judge(ALL, [DONE]),
        Condition().judge(ALL, [FAILED]),
        late(ALL, Condition(), 60),
        of_error(errors.DataCubeUnavailableError("later", 503)),
    ],
)
def test_a_judgement_survives_the_way_to_the_worker(judgement: Judgement) -> None:
    assert from_event(json.loads(json.dumps(judgement.to_event()))) == judgement


@pytest.mark.parametrize(
    "event",
    [
        None,
        "met",
        [],
        {},
        {"verdict": "splendid", "why": "", "cubes": []},
        {"verdict": "wait", "why": "", "cubes": []},
        {"verdict": "met", "why": "", "cubes": 3},
        {"verdict": "met", "why": ""},
    ],
)
def test_an_event_that_is_not_understood_is_an_error(event: object) -> None:
    assert from_event(event).verdict is Verdict.ERROR


def test_an_error_that_is_not_ours_tells_no_secret() -> None:
    assert "s3cret" not in of_error(ZeroDivisionError("s3cret")).why
    assert of_error(errors.DataCubeForbiddenError("may not", 403)).verdict is Verdict.NEVER


@pytest.mark.parametrize(
    ("name", "selector", "problem"),
    [
        (None, None, "exactly one"),
        ("a", "b=c", "exactly one"),
        ("", None, "name: is empty"),
        (None, " ", "label_selector: is empty"),
        (3, None, "name: must be a text, not int"),
    ],
)
def test_what_selects_nothing_is_refused(name: Any, selector: Any, problem: str) -> None:
    with pytest.raises(errors.DataCubeSpecError, match=problem):
        check_selection(name, selector)


def test_a_template_is_judged_when_it_is_rendered() -> None:
    check_selection(None, "{{ x }}")
    assert selected(None, "team=x", "ml", str) == ALL
    assert selected(None, "team=x", None, lambda: "ml") == ALL
    for name, selector, namespace in (("", None, "ml"), (None, " ", "ml"), ("x", None, "")):
        with pytest.raises(errors.DataCubeSpecError, match="its template rendered to nothing"):
            selected(name, selector, namespace, lambda: "ml")
