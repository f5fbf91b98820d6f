from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.apiserver.reviews import reviewed
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import REVIEWS, Resource

WHO, MAY, RULES = REVIEWS


def test_whoever_asks_may() -> None:
    asked = {"resourceAttributes": {"verb": "create", "resource": "pods"}}
    answer = reviewed(MAY, {"spec": asked})
    assert answer["status"] == {"allowed": True}
    assert answer["spec"] == asked


def test_everything_is_allowed() -> None:
    status = reviewed(RULES, {"spec": {"namespace": "n"}})["status"]
    assert status["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert status["nonResourceRules"] == [{"verbs": ["*"], "nonResourceURLs": ["*"]}]


def test_the_one_who_has_the_token_is_named() -> None:
    answer = reviewed(WHO, {})
    assert answer["kind"] == "SelfSubjectReview"
    assert answer["status"]["userInfo"]["username"] == "datacube-local"


@pytest.mark.parametrize(
    ("resource", "spec", "code", "hint"),
    [
        (MAY, {}, 422, "exactly one of"),
        (MAY, {"resourceAttributes": {"a": 1}, "nonResourceAttributes": {"b": 1}}, 422, "one of"),
        (RULES, {}, 400, "no namespace"),
        (WHO, "x", 400, "SelfSubjectReview"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    resource: Resource, spec: Any, code: int, hint: str
) -> None:
    with pytest.raises(ApiStatusError, match=hint) as caught:
        reviewed(resource, {"spec": spec})
    assert caught.value.code == code
