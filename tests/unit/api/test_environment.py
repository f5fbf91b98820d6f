from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.environment import to_env, to_variable
from datacube_api.models import EnvVar, Git, SecretRef


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        ("token", "TOKEN"),
        ("s3-access-key-id", "S3_ACCESS_KEY_ID"),
        ("URL", "URL"),
        ("path_in-repo", "PATH_IN_REPO"),
        ("straße", "STRAßE"),
    ],
)
def test_an_option_becomes_a_variable(option: str, variable: str) -> None:
    assert to_variable(option) == variable


@given(st.text(min_size=1))
def test_naming_twice_is_naming_once(option: str) -> None:
    assert to_variable(to_variable(option)) == to_variable(option)


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.lists(st.sampled_from("ABC")))
def test_the_order_given_is_the_order_kept(options: list[str], extra: list[str]) -> None:
    variables = to_env([EnvVar(name=o) for o in options], [EnvVar(name=e) for e in extra])
    assert [v.name for v in variables] == [*(o.upper() for o in options), *extra]


def test_a_token_stands_before_the_url_that_uses_it() -> None:
    git = Git(url="https://$(TOKEN)@example.com/a/b.git", token=SecretRef("s", "k"))
    token, url = (v.to_manifest() for v in to_env(git.options))
    assert token == {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert url == {"name": "URL", "value": "https://$(TOKEN)@example.com/a/b.git"}
