"""
Look at one DataCube for all who have its details open: once in a few seconds.

However many are open in a process, a few are looked at side by side: the others wait their turn.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from airflow_provider_datacube._page.details import details_of
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_datacube._facts import Facts
    from airflow_provider_datacube._page.rows import Row
    from airflow_provider_datacube._page.watch import Connect

    FactsOf: TypeAlias = Callable[[str, CubeRef], Awaitable[Facts]]
    Details: TypeAlias = dict[str, Any]

_FRESH_S: Final = 3.0
_SIDE_BY_SIDE: Final = 4


class Looking:
    """The looks of a process; one that is not old is shared."""

    def __init__(self, connect: Connect, facts_of: FactsOf, fresh_s: float = _FRESH_S) -> None:
        self._connect, self._facts_of, self._fresh_s = connect, facts_of, fresh_s
        self._looks: dict[tuple[str, str], tuple[float, asyncio.Task[Details]]] = {}
        self._turns = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def look(self, row: Row) -> Details:
        """
        Return the details of a DataCube that is on the board.

        :raises DataCubeApiError: it cannot be read.
        """
        now = time.monotonic()
        looks = self._looks.items()
        self._looks = {key: look for key, look in looks if now - look[0] < self._fresh_s}
        key = (row["key"], row["version"])
        if key not in self._looks:
            self._looks[key] = now, asyncio.create_task(self._ask(row))
        # One who leaves does not end the look of the others.
        return await asyncio.shield(self._looks[key][1])

    async def _ask(self, row: Row) -> Details:
        ref = CubeRef(row["namespace"], row["name"], row["uid"])
        async with self._turns:
            async with self._connect(row["conn_id"]) as cubes:
                cube = await cubes.read(ref)
            return details_of(cube, await self._facts_of(row["conn_id"], ref))
