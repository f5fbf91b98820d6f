from __future__ import annotations

import json
from typing import Any

import pytest

from datacube_api.transferred import Transferred, transferred


def condition(kind: str, at: str, status: str = "True") -> dict[str, Any]:
    return {"type": kind, "status": status, "lastTransitionTime": f"2026-11-26T10:{at}Z"}


def cube(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "ml",
            "name": "weights",
            "uid": "u-1",
            "creationTimestamp": "2026-11-26T10:00:00Z",
        },
        "spec": {
            "source": {"type": "git", "options": [{"name": "url", "value": "https://h/a.git"}]},
            "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
        },
        "status": status,
    }


def test_everything_that_a_transfer_hands_on() -> None:
    result = {"commit": "c0ffee", "ref": "main", "bytes": 3, "files": 2, "directory": "code/a"}
    made = transferred(
        cube(
            conditions=[
                condition("Initialized", "00:07"),
                condition("Complete", "01:00"),
                condition("Failed", "01:00", "False"),
            ],
            pod={"reference": {"name": "pod-1"}},
            attempts=2,
            result=result,
        )
    )
    assert made == {
        "namespace": "ml",
        "name": "weights",
        "uid": "u-1",
        "source": "https://h/a.git",
        "sink": "pvc://ml/data/code",
        "pvc": "data",
        "sub_path": "code",
        "pod": "pod-1",
        "attempts": 2,
        "bytes": 3,
        "files": 2,
        "revision": "c0ffee",
        "durations": {"waiting": 7.0, "transfer": 53.0, "total": 60.0},
        "result": result,
    }
    assert json.loads(json.dumps(made)) == made
    assert made.keys() == Transferred.__required_keys__


def test_the_revision_of_a_hub_is_one_too() -> None:
    assert transferred(cube(result={"revision": "abc"}))["revision"] == "abc"


@pytest.mark.parametrize(
    "status", [{}, {"result": "ok", "attempts": "many", "conditions": [{"type": "Complete"}]}]
)
def test_what_another_platform_does_not_say_is_not_known(status: dict[str, Any]) -> None:
    made = transferred(cube(**status))
    assert (made["attempts"], made["bytes"], made["revision"], made["result"]) == (
        None, None, None, {},
    )  # fmt: skip
    assert set(made["durations"].values()) == {None}


def test_clocks_that_disagree_make_no_time_negative() -> None:
    conditions = [condition("Initialized", "05:00"), condition("Complete", "04:00")]
    assert transferred(cube(conditions=conditions))["durations"]["transfer"] == 0.0
