"""
The sensor's trigger: looks for DataCubes that somebody else made, and ends with exactly one event.

The end of a transfer is seen at once, by the watch that all waiting triggers share. What no watch
of a known DataCube can tell (one that does not exist yet, or another condition) it looks for every
``poke_interval`` seconds, over a client that all sensors share. Unlike the operator's trigger it
owns nothing, so nothing is ever deleted here, whatever becomes of the task.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_datacube._faults import Faults, persist
from airflow_provider_datacube._refusals import ResourceUnknownError
from airflow_provider_datacube._selection import Selection
from airflow_provider_datacube._sensing import Condition, Judgement, Verdict, late, of_error
from airflow_provider_datacube._shared_watch import WATCHES
from airflow_provider_datacube._sharing import CLIENTS
from airflow_provider_datacube._watching import Limit, Pace
from datacube_api.errors import DataCubeError, DataCubeGoneError, DataCubeNotFoundError
from datacube_api.reference import CubeRef
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from airflow_provider_datacube._watching import Cube

_PAGE = 500
# Whoever is beyond these is seen at the next look.
_MOST_WATCHED = 1000


class DataCubeSensorTrigger(BaseTrigger):
    """
    Wait until DataCubes have a condition, or never will.

    :param namespace: of the DataCubes
    :param name: the one of this name
    :param label_selector: without a name: those that match
    :param condition: type of the condition
    :param match: how many of them must have it, ``all`` or ``any``
    :param if_missing: ``wait`` or ``fail`` while there is none
    :param if_failed: ``fail`` or ``wait`` when a transfer has failed
    :param kubernetes_conn_id: connection of type ``kubernetes``
    :param poke_interval: seconds between two looks
    :param deadline: moment to give up at, in seconds since the epoch
    :param timeout_s: what the deadline was made of, for the message
    """

    def __init__(  # noqa: PLR0913 - stored field by field, read by other releases
        self,
        *,
        namespace: str,
        name: str,
        label_selector: str,
        condition: str,
        match: Any,
        if_missing: Any,
        if_failed: Any,
        kubernetes_conn_id: str,
        poke_interval: float,
        deadline: float | None = None,
        timeout_s: float = 0.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.selection = Selection(namespace, name, label_selector)
        self.condition = Condition(condition, match, if_missing, if_failed)
        self.kubernetes_conn_id = kubernetes_conn_id
        self.poke_interval = poke_interval
        self.limit = Limit(deadline, timeout_s)
        self._said = ""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what it is made from; no credential, only a connection's id."""
        cls = type(self)
        arguments = {
            "namespace": self.selection.namespace,
            "name": self.selection.name,
            "label_selector": self.selection.label_selector,
            "condition": self.condition.kind,
            "match": self.condition.match,
            "if_missing": self.condition.if_missing,
            "if_failed": self.condition.if_failed,
            "kubernetes_conn_id": self.kubernetes_conn_id,
            "poke_interval": self.poke_interval,
            "deadline": self.limit.deadline,
            "timeout_s": self.limit.timeout_s,
        }
        return f"{cls.__module__}.{cls.__qualname__}", arguments

    async def run(self) -> AsyncGenerator[TriggerEvent, None]:
        """Yield the one event."""
        judgement = await self._judgement()
        yield TriggerEvent(judgement.to_event())  # type: ignore[no-untyped-call]  # Airflow's

    async def _judgement(self) -> Judgement:
        faults = Faults(Pace(self.poke_interval), self.log)
        alarm = asyncio.timeout(self.limit.left_s())
        try:
            async with alarm:
                return await persist(
                    self._connect, lambda cubes: self._follow(cubes, faults), faults
                )
        except TimeoutError as error:
            if alarm.expired():
                return late(self.selection, self.condition, self.limit.timeout_s)
            return of_error(error)
        except Exception as error:
            # The last guard: a trigger that ends without an event fails without a word.
            if not isinstance(error, DataCubeError):
                self.log.exception("Waiting for %s broke off", self.selection)
            return of_error(error)

    async def _follow(self, cubes: Any, faults: Faults) -> Judgement:
        while True:
            found = await self._look(cubes)
            faults.works()
            faults.forget()
            judgement = self._judge(found)
            if judgement.verdict is Verdict.WAIT:
                judgement = await self._watch(found)
            if judgement.verdict is not Verdict.WAIT:
                return judgement

    async def _look(self, cubes: Any) -> list[Cube]:
        if not self.selection.name:
            return await self._list(cubes)
        try:
            return [await cubes.read(CubeRef(self.selection.namespace, self.selection.name))]
        except ResourceUnknownError:
            raise
        except DataCubeNotFoundError:
            return []

    async def _list(self, cubes: Any) -> list[Cube]:
        found: list[Cube] = []
        more = ""
        while True:
            page = await cubes.page(
                self.selection.namespace,
                limit=_PAGE,
                more=more,
                label_selector=self.selection.label_selector,
            )
            found += page["items"]
            more = page["metadata"].get("continue") or ""
            if not more:
                return found

    def _judge(self, found: list[Cube]) -> Judgement:
        judgement = self.condition.judge(self.selection, found)
        if judgement.why != self._said:
            self._said = judgement.why
            self.log.info("%s", judgement.why or "The condition is met")
        return judgement

    async def _watch(self, found: list[Cube]) -> Judgement:
        """Judge anew whenever one of them ends, until it is time to look again."""
        seen = {cube["metadata"]["uid"]: cube for cube in found}
        ends = [asyncio.create_task(self._end_of(CubeRef.of(cube))) for cube in self._open(found)]
        try:
            with suppress(TimeoutError, DataCubeGoneError):
                async with asyncio.timeout(self._look_again_s(ends)):
                    for end in asyncio.as_completed(ends):
                        ended = await end
                        seen[ended["metadata"]["uid"]] = ended
                        judgement = self._judge(list(seen.values()))
                        if judgement.verdict is not Verdict.WAIT:
                            return judgement
                    await asyncio.sleep(self.poke_interval)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        return Judgement(Verdict.WAIT)

    def _look_again_s(self, ends: list[asyncio.Task[Cube]]) -> float | None:
        """Return for how long ends are waited for: one that has a name has no newcomers."""
        return None if ends and self.selection.name else self.poke_interval

    def _open(self, found: list[Cube]) -> list[Cube]:
        """Return those whose end would tell something."""
        if not self.condition.ends_with_the_transfer():
            return []
        unfinished = [cube for cube in found if not evaluate(cube.get("status")).phase.is_terminal]
        return unfinished[:_MOST_WATCHED]

    async def _end_of(self, ref: CubeRef) -> Cube:
        return await WATCHES.wait_until_terminal(
            self.kubernetes_conn_id,
            self._connect,
            ref,
            pace=Pace(self.poke_interval),
            limit=Limit(),
            log=self.log,
        )

    def _connect(self) -> Any:
        return CLIENTS.connect(self.kubernetes_conn_id)
