from __future__ import annotations

from typing import Any

import pytest

from datacube_api.models import EnvVar, Executor, ExecutorOptions, SecretRef

WIRE = {
    "options": {"backoffLimit": 2, "extraArgs": ["-x"]},
    "env": [
        {"name": "HTTPS_PROXY", "value": "proxy:3128"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ],
}


def test_authors_write_it_in_one_line() -> None:
    env = {"HTTPS_PROXY": "proxy:3128", "KEY": SecretRef("s", "k")}
    written = Executor(backoff_limit=2, extra_args=["-x"], env=env)
    assert written == Executor.model_validate(WIRE)


def test_the_shape_of_the_manifest_stays_possible() -> None:
    options = ExecutorOptions(backoff_limit=2, extra_args=["-x"])
    env = [EnvVar(name="HTTPS_PROXY", value="proxy:3128")]
    assert Executor(options=options, env=env).options == options


def test_nothing_given_is_nothing_said() -> None:
    assert Executor().options is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"options": ExecutorOptions(), "sync": True}, "either options or sync"),
        ({"env": {"A": 3}}, "'A' takes a string"),
    ],
)
def test_what_cannot_be_meant_is_a_type_error(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Executor(**arguments)


def test_a_manifest_is_not_taken_with_an_authors_words() -> None:
    with pytest.raises(ValueError, match="backoff_limit"):
        Executor.model_validate({"backoff_limit": 2})
