from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.apiserver.reviews import reviewed
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import REVIEWS, Resource

WHO, MAY, RULES = REVIEWS


def test_whoever_asks_may() -> None:
    asked = {"resourceAttributes": {"verb": "create", "resource": "pods"}}
    answer = reviewed(MAY, {"spec": asked}, Write())
    assert answer["status"] == {"allowed": True}
    assert answer["spec"] == asked


def test_everything_is_allowed() -> None:
    status = reviewed(RULES, {"spec": {"namespace": "n"}}, Write())["status"]
    assert status["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert status["nonResourceRules"] == [{"verbs": ["*"], "nonResourceURLs": ["*"]}]


def test_the_one_who_has_the_token_is_named() -> None:
    answer = reviewed(WHO, {}, Write())
    assert answer["kind"] == "SelfSubjectReview"
    assert answer["status"]["userInfo"]["username"] == "datacube-local"


@pytest.mark.parametrize(
    ("resource", "spec", "code", "hint"),
    [
        (MAY, {}, 422, "exactly one of"),
        (MAY, {"resourceAttributes": {}, "nonResourceAttributes": {}}, 422, "in combination"),
        (MAY, {"nonResourceAttributes": "x"}, 400, "SelfSubjectAccessReview"),
        (RULES, {}, 400, "no namespace"),
        (MAY, "x", 400, "SelfSubjectAccessReviewSpec"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    resource: Resource, spec: Any, code: int, hint: str
) -> None:
    with pytest.raises(ApiStatusError, match=hint) as caught:
        reviewed(resource, {"spec": spec}, Write())
    assert caught.value.code == code


def test_a_question_has_no_name() -> None:
    spec = {"resourceAttributes": {"verb": "get"}}
    with pytest.raises(ApiStatusError, match="must be empty") as caught:
        reviewed(MAY, {"metadata": {"name": "a"}, "spec": spec}, Write())
    assert caught.value.code == 422


def test_another_question_than_the_places_is_refused() -> None:
    with pytest.raises(ApiStatusError, match="cannot be handled as a SelfSubjectReview"):
        reviewed(WHO, {"kind": "SelfSubjectAccessReview"}, Write())


def test_words_that_nobody_knows_are_told_and_dropped() -> None:
    write = Write()
    asked = {"resourceAttributes": {"verb": "get", "what": "x"}, "why": "y"}
    answer = reviewed(MAY, {"spec": asked}, write)
    assert answer["spec"] == {"resourceAttributes": {"verb": "get"}}
    assert write.warnings == [
        'unknown field "spec.resourceAttributes.what"',
        'unknown field "spec.why"',
    ]
