"""
The embedded server answers as a real API server answered (kube-apiserver 1.36.2, recorded).

``NOT_YET`` holds what it does not do yet. The entries are strict: once one works, its line has to
go. ``OTHER_WORDS`` holds answers that agree in all but the message for people.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

EXCHANGES = [
    exchange
    for exchange in json.loads((Path(__file__).parent / "exchanges.json").read_text())["exchanges"]
    if "expected" in exchange
]

_APPLY = "server-side apply needs field ownership, which is not kept: refused with 415"
NOT_YET = {
    "apply creates": _APPLY,
    "apply without a manager": _APPLY,
    "apply adds a label": _APPLY,
    "apply drops what the manager no longer says": _APPLY,
    "apply by another manager": _APPLY,
    "apply in conflict": _APPLY,
    "apply in conflict, forced": _APPLY,
    "delete collection by label": "nothing was applied that it could delete",
    "pods of the job": "pods are made by the runner, which does not take part here",
}
OTHER_WORDS = {
    "create wrong apiVersion": "no warning about fields of a version that is not served",
    "create with broken json": "the body is not repeated: it may hold a secret",
    "list with a bad continue": "the parser's own words",
}


def _expected(exchange: dict[str, Any]) -> Any:
    marks = []
    if reason := NOT_YET.get(exchange["name"]):
        marks.append(pytest.mark.xfail(strict=True, reason=reason))
    return pytest.param(exchange, id=exchange["name"], marks=marks)


@pytest.mark.parametrize("exchange", [_expected(exchange) for exchange in EXCHANGES])
def test_the_embedded_server_answers_as_a_real_one(exchange: dict[str, Any], played: Any) -> None:
    expected, answer = exchange["expected"], played.answers[exchange["name"]]
    assert answer.status == expected["status"], answer.body
    if "events" in expected:
        assert [event["type"] for event in answer.events] == expected["events"]
    if "items" in expected:
        assert len(answer.body["items"]) == expected["items"]
    if "reason" in expected:
        assert answer.body.get("reason") == expected["reason"]
    if "message" in expected and exchange["name"] not in OTHER_WORDS:
        assert answer.body["message"] == played.player.translated_words(expected["message"])
    if "causes" in expected:
        causes = answer.body["details"]["causes"]
        assert causes == expected["causes"]
    if exchange["name"] not in OTHER_WORDS:
        assert answer.warning == expected.get("warning")


def test_every_exception_names_an_exchange_that_is_there() -> None:
    names = {exchange["name"] for exchange in EXCHANGES}
    assert {*NOT_YET, *OTHER_WORDS} <= names
