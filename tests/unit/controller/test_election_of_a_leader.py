from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.election import Election, Sighting, Times, claimed
from datacube_runtime.controller.objects import Key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def lease(holder: str, renewed: str = "t1", seconds: int = 15) -> dict[str, Any]:
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": seconds}
    return {"spec": spec}


def test_a_lease_that_nobody_made_or_holds_is_free() -> None:
    assert Sighting().is_free(None, "me", 0)
    assert Sighting().is_free(lease(""), "me", 0)
    assert Sighting().is_free(lease("me"), "me", 0)


def test_anothers_is_free_when_it_has_not_changed_for_as_long_as_it_holds() -> None:
    seen = Sighting()
    assert not seen.is_free(lease("other"), "me", 100)
    assert not seen.is_free(lease("other"), "me", 115)
    assert seen.is_free(lease("other"), "me", 115.1)


def test_a_renewal_begins_the_time_anew_whatever_its_clock_says() -> None:
    seen = Sighting()
    assert not seen.is_free(lease("other", "t1"), "me", 100)
    assert not seen.is_free(lease("other", "t0"), "me", 114)
    assert not seen.is_free(lease("other", "t0"), "me", 128)


def test_a_new_holder_is_counted_and_a_renewal_is_not() -> None:
    first = claimed(None, "a", 15, NOW)
    assert (first["leaseTransitions"], first["leaseDurationSeconds"]) == (1, 15)
    again = claimed({"spec": first}, "a", 15, NOW.replace(minute=1))
    assert again["leaseTransitions"] == 1
    assert again["acquireTime"] == first["acquireTime"] != again["renewTime"]
    other = claimed({"spec": again}, "b", 15, NOW.replace(minute=2))
    assert other["leaseTransitions"] == 2
    assert other["acquireTime"] == other["renewTime"]


def test_a_lease_is_never_shorter_than_promised() -> None:
    assert claimed(None, "a", 2.2, NOW)["leaseDurationSeconds"] == 3


async def refuse(*_: object) -> None:
    raise DataCubeUnavailableError("no answer", 0)


async def hang(*_: object) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("read", [refuse, hang])
async def test_a_leader_that_cannot_renew_gives_up_within_its_lease(api: Any, read: Any) -> None:
    times = Times(0.5, 0.45, 0.4)
    election = Election(api, Key("ns", "lease"), "me", times)
    await election.win()
    api.read = read
    began = time.monotonic()
    await election.hold()
    assert time.monotonic() - began < times.lease_s


@pytest.mark.parametrize("times", [(10, 15, 2), (15, 10, 10), (15, 10, 0)])
def test_times_that_let_two_lead_are_refused(times: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="falling"):
        Times(*times)
