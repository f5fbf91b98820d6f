"""
One leader among several controllers: a Lease that one holds and renews, and the others watch age.

Clocks of different machines are never compared. A follower notes on its own clock when it saw the
Lease change last, and takes it when that is longer ago than the holder promised to renew it in. A
holder that could not renew gives up earlier than that, so that never two lead at once.

Source: k8s.io/client-go/tools/leaderelection/leaderelection.go
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from datacube_api.errors import DataCubeApiError
from datacube_runtime.controller.api import LEASES, ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.objects import Key, Obj

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Times:
    """Seconds; each has to be shorter than the one before."""

    lease_s: float = 15.0
    renew_s: float = 10.0
    retry_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.lease_s > self.renew_s > self.retry_s > 0:
            raise ValueError("must be three falling numbers of seconds, as 15,10,2")


@dataclass
class Sighting:
    """What was seen of the Lease last, and when, on our own clock."""

    record: tuple[Any, ...] = ()
    at: float = field(default=float("-inf"))

    def is_free(self, lease: Obj | None, identity: str, now: float) -> bool:
        """Tell whether ``identity`` may take the Lease, or holds it already."""
        spec = (lease or {}).get("spec") or {}
        holder = spec.get("holderIdentity")
        record = (holder, spec.get("renewTime"), spec.get("leaseTransitions"))
        if record != self.record:
            self.record, self.at = record, now
        if holder in (None, "", identity):
            return True
        return now > self.at + float(spec.get("leaseDurationSeconds") or 0)


def claimed(lease: Obj | None, identity: str, lease_s: float, now: datetime) -> dict[str, Any]:
    """Return the Lease's spec with ``identity`` as its holder."""
    old = (lease or {}).get("spec") or {}
    at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    is_ours = old.get("holderIdentity") == identity
    return {
        "holderIdentity": identity,
        "leaseDurationSeconds": math.ceil(lease_s),
        "acquireTime": old.get("acquireTime", at) if is_ours else at,
        "renewTime": at,
        "leaseTransitions": int(old.get("leaseTransitions") or 0) + (not is_ours),
    }


class Election:
    """The part of one candidate."""

    def __init__(
        self,
        api: Api,
        key: Key,
        identity: str,
        times: Times | None = None,
        heard: Callable[..., None] = lambda **_: None,
    ) -> None:
        """``heard(is_well=…)`` is told after each attempt whether the API server answered."""
        self._api = api
        self._key = key
        self._identity = identity
        self._times = times or Times()
        self._heard = heard
        self._seen = Sighting()
        self._held: Obj | None = None
        self._renewed = float("-inf")

    async def win(self) -> None:
        """Return when this candidate is the leader."""
        while not await self._attempt():  # noqa: ASYNC110 - nobody tells when a lease is free
            # Jittered as client-go's, so that followers do not all ask at once.
            await asyncio.sleep(self._times.retry_s * random.uniform(1, 2.2))  # noqa: S311

    async def hold(self) -> None:
        """
        Renew; return when the leadership is lost, or cannot be shown to last any longer.

        It counts from when the last renewal was asked for, however late that was answered: the
        server may have written it at once, and a follower have seen it then.
        """
        while (left := self._left_s()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    if not await self._attempt() and self._held is None:
                        return
            # What is left now: the attempt may have taken all of it.
            await asyncio.sleep(min(self._left_s(), self._times.retry_s))

    async def release(self) -> None:
        """
        Give the Lease up if it is ours, so that a follower need not wait for its end.

        It is read anew: a renewal that was broken off may have been written all the same.
        """
        with suppress(DataCubeApiError, TimeoutError):
            async with asyncio.timeout(self._times.renew_s / 2):
                lease = await self._api.read(LEASES, self._key)
                if lease is None or lease["spec"].get("holderIdentity") != self._identity:
                    return
                spec = claimed(lease, "", 1, datetime.now(UTC))
                spec["leaseTransitions"] -= 1  # the next one counts
                await self._api.replace(LEASES, {**lease, "spec": spec})

    def _left_s(self) -> float:
        return self._renewed + self._times.renew_s - time.monotonic()

    async def _attempt(self) -> bool:
        began = time.monotonic()
        try:
            won = await self._take_or_renew()
        except DataCubeApiError as error:
            ordinary = isinstance(error, ApiError) and (error.is_stale or error.is_taken)
            self._heard(is_well=ordinary)
            if not ordinary:
                logger.warning("cannot ask for the lease %s: %s", self._key, error)
            return False
        self._heard(is_well=True)
        if won:
            self._renewed = began
        return won

    async def _take_or_renew(self) -> bool:
        lease = await self._api.read(LEASES, self._key)
        if not self._seen.is_free(lease, self._identity, time.monotonic()):
            self._held = None
            return False
        spec = claimed(lease, self._identity, self._times.lease_s, datetime.now(UTC))
        if lease is None:
            meta = {"name": self._key.name, "namespace": self._key.namespace}
            new = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}
            self._held = await self._api.create(LEASES, {**new, "spec": spec})
        else:
            self._held = await self._api.replace(LEASES, {**lease, "spec": spec})
        return True
