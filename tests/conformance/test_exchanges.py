"""
A server answers as a real API server answered: the embedded one, or one named by ``--kubeconfig``.

``differences.yaml`` says where the embedded server stops short, and why. Its entries are strict:
once an answer agrees, its line has to go. The answers are those of an API server alone; what a
cluster that runs pods may answer otherwise, at one moment or another, is left out there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.conformance.player import play
from tests.conformance.reading import without_words
from tests.conformance.script import Script, answers, scripts
from tests.conformance.servers import embedded, real

if TYPE_CHECKING:
    from collections.abc import Callable

    Play = Callable[[Script], "Played"]

SCRIPTS = {script.topic: script for script in scripts()}
STEPS = [(topic, step.name) for topic, script in SCRIPTS.items() for step in script.named()]
KNOWN = yaml.safe_load((Path(__file__).parent / "differences.yaml").read_text())


def _reasons(table: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(row["topic"], name): row["why"] for row in table for name in row["steps"]}


WORDS, ANSWERS, ALIVE = (_reasons(KNOWN[table]) for table in ("words", "answers", "alive"))


class Played(NamedTuple):
    """What a server answered, and what kind of server that is."""

    answers: dict[str, Any]
    is_embedded: bool
    has_nodes: bool


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play each topic once, when the first of its steps is looked at."""
    kubeconfig = request.config.getoption("kubeconfig")
    seen: dict[str, Played] = {}

    async def at_the_server(script: Script) -> Played:
        server = real(kubeconfig) if kubeconfig else embedded(tmp_path_factory.mktemp(script.topic))
        async with server as ready:
            return Played(await play(ready, script), ready.is_embedded, ready.has_nodes)

    def answers_of(script: Script) -> Played:
        if script.topic not in seen:
            seen[script.topic] = asyncio.run(at_the_server(script))
        return seen[script.topic]

    return answers_of


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("topic", "name"), STEPS)
def test_the_server_answers_as_a_real_one(played: Play, topic: str, name: str) -> None:
    said = played(SCRIPTS[topic])
    expected, answer = answers(topic)["answers"][name], said.answers[name]
    if said.has_nodes and (why := ALIVE.get((topic, name))):
        pytest.skip(why)
    if not said.is_embedded:
        assert answer == expected
        return
    if why := ANSWERS.get((topic, name)):
        assert answer != expected, f"it agrees now: remove it from differences.yaml ({why})"
        pytest.xfail(why)
    if why := WORDS.get((topic, name)):
        assert answer != expected, f"it agrees now: remove it from differences.yaml ({why})"
        answer, expected = without_words(answer), without_words(expected)
    assert answer == expected


def test_every_step_has_an_answer_and_every_answer_a_step() -> None:
    recorded = [(topic, name) for topic in SCRIPTS for name in answers(topic)["answers"]]
    assert sorted(recorded) == sorted(STEPS)


def test_every_difference_names_a_step_once() -> None:
    for tables in (("words", "answers"), ("alive",)):
        rows = [row for table in tables for row in KNOWN[table]]
        named = [(row["topic"], name) for row in rows for name in row["steps"]]
        assert set(named) <= set(STEPS)
        assert len(named) == len(set(named))


def test_there_are_enough_exchanges() -> None:
    assert len(STEPS) >= 150
