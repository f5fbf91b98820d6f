from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods import status as podstatus
from datacube_runtime.local.pods.limits import amount_of, memory_limit_bytes, qos_class
from datacube_runtime.local.pods.spec import unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Pod = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("128Mi", 134217728),
        ("1Gi", 1073741824),
        ("1.5Ki", 1536),
        ("128974848", 128974848),
        (1000, 1000),
        ("129M", 129000000),
        ("100m", Decimal("0.1")),
        ("1e3", 1000),
        ("12E", 12 * 10**18),
        ("0", 0),
    ],
)
def test_a_quantity_is_a_number(quantity: object, amount: object) -> None:
    assert amount_of(quantity) == amount


@pytest.mark.parametrize("text", ["", "Mi", "1 Gi", "1Gb", "1.2.3", "lots", "1_0"])
def test_what_is_no_quantity_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        amount_of(text)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, None),
        ({"requests": {"memory": "1Gi"}}, None),
        ({"limits": {"memory": "64Mi"}}, 67108864),
        ({"limits": {"memory": "0"}}, None),
    ],
)
def test_only_a_limit_of_memory_limits_it(resources: dict[str, Any], expected: int | None) -> None:
    assert memory_limit_bytes({"resources": resources}) == expected


def test_a_limit_that_is_no_quantity_is_refused_by_field(make_pod: Pod) -> None:
    pod = make_pod()
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "lots"}}
    assert str(unsupported(pod)).startswith("spec.containers[0].resources.limits[memory]:")


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"limits": {"nvidia.com/gpu": "1"}}], "BestEffort"),
        ([{"requests": {"cpu": "0"}}], "BestEffort"),
        ([{"requests": {"cpu": "100m"}}], "Burstable"),
        ([{"limits": {"memory": "1Gi"}}], "Burstable"),
        ([{"limits": FULL}], "Guaranteed"),
        ([{"limits": FULL, "requests": {"cpu": "1000m", "memory": "1024Mi"}}], "Guaranteed"),
        ([{"limits": FULL, "requests": {"cpu": "500m"}}], "Burstable"),
        ([{"limits": FULL}, {}], "Burstable"),
        ([{"limits": {"memory": "lots"}}], "BestEffort"),
    ],
)
def test_the_class_follows_from_requests_and_limits(
    resources: list[dict[str, Any]], expected: str
) -> None:
    spec = {"containers": [{"resources": each} for each in resources]}
    assert qos_class(spec) == expected


def test_the_status_says_the_class_and_the_resources(make_pod: Pod, at: At) -> None:
    pod = make_pod()
    pod["spec"]["containers"][0]["resources"] = {"limits": FULL}
    status = podstatus.running(pod, 7, at(0))
    assert status["qosClass"] == "Guaranteed"
    assert status["containerStatuses"][0]["resources"] == {"limits": FULL}
