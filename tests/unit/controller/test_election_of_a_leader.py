from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.election import Election, Sighting, Times, claimed
from datacube_runtime.controller.objects import Key

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = Key("ns", "lease")
# The second are as near to each other as they may be: the last pause alone would outlast the lease.
TIMES = (Times(1.8, 1.0, 0.1), Times(1.8, 1.0, 0.99))


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


@pytest.mark.parametrize("times", [(10, 15, 2), (15, 10, 10), (15, 10, 0)])
def test_times_that_let_two_lead_are_refused(times: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="falling"):
        Times(*times)


@pytest.mark.parametrize("times", TIMES)
async def test_a_leader_whose_renewals_are_refused_gives_up_before_its_lease_ends(
    api: Any, times: Times
) -> None:
    election = Election(api, LEASE, "me", times)
    async with asyncio.timeout(times.lease_s):
        await election.win()
        api.refuse["read leases"] = DataCubeUnavailableError("no answer", 0)
        await election.hold()
    assert len(api.reads) > 1


@pytest.mark.parametrize("times", TIMES)
async def test_a_leader_whose_renewals_hang_gives_up_before_its_lease_ends(
    api: Any, times: Times
) -> None:
    async def hang(*_: Any) -> None:
        await asyncio.Event().wait()

    election = Election(api, LEASE, "me", times)
    async with asyncio.timeout(times.lease_s):
        await election.win()
        api.read = hang
        await election.hold()


async def test_a_lease_lasts_from_when_it_was_asked_for_not_from_the_answer(api: Any) -> None:
    create = api.create

    async def answer_late(*manifest: Any) -> Any:
        made = await create(*manifest)
        await asyncio.sleep(0.1)
        return made

    api.create = answer_late
    election = Election(api, LEASE, "me", Times(0.1, 0.09, 0.01))
    await election.win()
    await asyncio.wait_for(election.hold(), 1)
    assert api.written == ["create leases"]


async def test_a_leader_that_can_renew_goes_on(api: Any, until: Any, end: Any) -> None:
    election = Election(api, LEASE, "me", Times(0.9, 0.5, 0.01))
    await election.win()
    holding = asyncio.ensure_future(election.hold())
    await until(lambda: api.written.count("replace leases") > 2)
    assert not holding.done()
    await end(holding)
