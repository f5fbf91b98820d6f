from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods import status as podstatus
from datacube_runtime.local.pods.limits import memory_limit_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Pod = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, None),
        ({"requests": {"memory": "1Gi"}}, None),
        ({"limits": {"memory": "64Mi"}}, 67108864),
        ({"limits": {"memory": "1500m"}}, 2),
        ({"limits": {"memory": "0"}}, None),
    ],
)
def test_only_a_limit_of_memory_limits_it(resources: dict[str, Any], expected: int | None) -> None:
    assert memory_limit_bytes({"resources": resources}) == expected


def test_the_status_says_the_class_and_the_resources(make_pod: Pod, at: At) -> None:
    pod = make_pod()
    pod["spec"]["containers"][0]["resources"] = {"limits": FULL, "requests": FULL}
    status = podstatus.running(pod, 7, at(0))
    assert status["qosClass"] == "Guaranteed"
    assert status["containerStatuses"][0]["resources"] == {
        "limits": FULL,
        "requests": FULL,
    }
