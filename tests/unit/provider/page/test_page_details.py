"""The details of a DataCube, from the object and the facts around it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_datacube._facts import Facts
from airflow_provider_datacube._page.details import details_of, without_log

LINE = "transfer: 4.0 MiB of 10.0 MiB (40 %) [done=4194304 total=10485760]"


def details(cube: dict[str, Any], *log: str) -> dict[str, Any]:
    return details_of(cube, Facts(log=log))


def test_how_far_it_is_stands_in_the_log(cube: dict[str, Any]) -> None:
    earlier = LINE.replace("done=4194304", "done=1")
    progress = details(cube, earlier, LINE, "something else")["progress"]
    assert progress["fraction"] == pytest.approx(0.4)


def test_a_log_without_progress_has_none(cube: dict[str, Any]) -> None:
    assert details(cube, "something else")["progress"] is None


def test_one_who_may_not_read_the_log_learns_nothing_of_it(cube: dict[str, Any]) -> None:
    told = without_log(details(cube, "canary", LINE))
    assert "canary" not in json.dumps(told)
    assert (told["log"], told["progress"]) == ([], None)
    assert [missing["what"] for missing in told["missing"]] == ["the pod's log"]
