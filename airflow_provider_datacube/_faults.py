"""
Which faults pass, and how to wait until they have: the same for one waiter and for thousands.

A fault says nothing about a DataCube. An API server that is away, overloaded or about to start is
asked again after growing pauses, each of its own length, so that many do not come back at once.
Credentials expire and are renewed, so a 401 gets a new connection, which reads them anew.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_provider_datacube._refusals import ResourceUnknownError
from datacube_api.errors import (
    DataCubeApiError,
    DataCubeForbiddenError,
    DataCubeUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._telling import Log
    from airflow_provider_datacube._watching import Pace

Connection = TypeVar("Connection")
Answer = TypeVar("Answer")

# What an API server answers that has not read its roles and definitions yet.
_REFUSALS: Final = (DataCubeForbiddenError, ResourceUnknownError)

# Of a worker that asks: together more than a minute, however short each turns out.
PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0, *(8 * (15.0,)))


class Faults:
    """How a connection has been doing, and what follows from that."""

    def __init__(self, pace: Pace, log: Log, *, has_worked: bool = False) -> None:
        self.pace, self.log = pace, log
        self._in_a_row = 0
        self._has_worked = has_worked
        self._refused_since: float | None = None

    def works(self) -> None:
        """Note that the API server gave what was asked for: its refusals are over."""
        self._has_worked = True
        self._refused_since = None

    def answered(self) -> None:
        """Note that the API server let us in; a refusal of the rest may still stand."""
        self._has_worked = True

    def forget(self) -> None:
        """Begin again with short pauses."""
        self._in_a_row = 0

    def watch_lived(self, seconds: float) -> bool:
        """Note how long a watch lived; tell whether it was a good one."""
        if seconds >= self.pace.good_watch_s:
            self.forget()
            return True
        return False

    def cannot_watch(self, error: DataCubeForbiddenError) -> None:
        """Tell that there will be polls from now on."""
        self.log.warning("%s; reading every %s seconds", error, self.pace.poll_interval_s)

    async def pause(self) -> None:
        """Wait, the longer the more faults there were."""
        await asyncio.sleep(self.pace.pause_s(self._in_a_row))
        self._in_a_row += 1

    def passes(self, error: DataCubeApiError) -> bool:
        """Tell whether a fault says nothing yet, to one who asks again in a while anyhow."""
        return isinstance(error, DataCubeUnavailableError) or self._may_be_starting(error)

    async def survive(self, error: DataCubeApiError) -> None:
        """
        Return when it is time to connect anew.

        :raises DataCubeApiError: the fault will not pass.
        """
        if isinstance(error, DataCubeUnavailableError):
            say = self.log.info if error.status == HTTPStatus.GONE else self.log.warning
            say("%s; trying again", error)
            await self.pause()
        elif self._may_be_starting(error):
            self.log.warning("%s; it worked before: trying again", error)
            await self.pause()
        elif error.status == HTTPStatus.UNAUTHORIZED and self._refused_since is None:
            self._refused_since = time.monotonic()
            self.log.info("%s; connecting anew", error)
        else:
            raise error

    def _may_be_starting(self, error: DataCubeApiError) -> bool:
        """
        Tell whether a refusal may come from an API server that is not quite up yet.

        One that is starting forbids everything until it has read its roles, and does not know
        custom resources until it has read their definitions. A kube config that is being written
        cannot be read (status 0). So what has worked before is believed to be refused only when it
        still is after a while.

        Source: kube-apiserver's readiness hooks rbac/bootstrap-roles and crd-informer-synced.
        """
        if not self._has_worked or not (isinstance(error, _REFUSALS) or error.status == 0):
            return False
        if self._refused_since is None:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return False  # new credentials may mend it at once
            self._refused_since = time.monotonic()
        return time.monotonic() - self._refused_since < self.pace.grace_s


def spread(longest_s: float) -> float:
    """Return a pause at most so long, never twice the same: all wait apart."""
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def patiently(ask: Callable[[], Answer], pauses_s: Iterable[float], log: Log) -> Answer:
    """
    Return what ``ask`` returns, asked again after each pause where the fault may pass.

    An API server that was away is about to start: a refusal that follows may pass too.
    """
    passing: tuple[type[DataCubeApiError], ...] = (DataCubeUnavailableError,)
    for longest_s in pauses_s:
        try:
            return ask()
        except passing as error:
            passing = (DataCubeUnavailableError, *_REFUSALS)
            pause_s = spread(longest_s)
            log.warning("%s; trying again in %.1f seconds", error, pause_s)
            threading.Event().wait(pause_s)
    return ask()


async def persist(
    connect: Callable[[], AbstractAsyncContextManager[Connection]],
    follow: Callable[[Connection], Awaitable[Answer]],
    faults: Faults,
) -> Answer:
    """Return what ``follow`` returns, over as many connections as that takes."""
    while True:
        try:
            async with connect() as connection:
                return await follow(connection)
        except DataCubeApiError as error:
            await faults.survive(error)
