from __future__ import annotations

import pytest

from datacube_runtime.local.apiserver.absent import absent
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import Catalog


@pytest.mark.parametrize(
    ("group", "rest", "code", "what"),
    [
        ("", "namespaces/n/pods/p/exec", 501, "pods/exec"),
        ("", "namespaces/n/pods/p/eviction", 501, "pods/eviction"),
        ("", "namespaces/n/finalize", 501, "namespaces/finalize"),
        ("", "nodes/n/proxy", 501, "nodes/proxy"),
        ("", "persistentvolumes", 404, "persistentvolumes"),
        ("", "namespaces/n/serviceaccounts/s/token", 404, "serviceaccounts"),
        ("apps", "namespaces/n/deployments", 404, "deployments.apps"),
        ("batch", "cronjobs", 404, "cronjobs.batch"),
        ("rbac.authorization.k8s.io", "clusterroles", 404, "clusterroles.rbac"),
        ("authorization.k8s.io", "subjectaccessreviews", 404, "subjectaccessreviews"),
    ],
)
def test_what_is_left_out_is_said_to_be_left_out(
    group: str, rest: str, code: int, what: str
) -> None:
    with pytest.raises(ApiStatusError, match=f"the embedded cluster has no {what}") as caught:
        target(Catalog(), group, "v1", rest)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("group", "plural", "subresource"),
    [("", "nonsense", ""), ("example.org", "things", ""), ("", "pods", "nonsense")],
)
def test_what_exists_nowhere_is_no_case_of_it(group: str, plural: str, subresource: str) -> None:
    assert absent(group, plural, subresource) is None
