"""
Who waits for which DataCube of one namespace, and what they may conclude from what is seen.

Pure bookkeeping: it is told of watch events and of looks (answers to a get or a list), and makes no
request itself. What a waiter must never conclude is written here once: that a DataCube is gone
because an answer does not hold it that was asked for before the waiter came, or before the watch
can have told its end; that a namesake's event is its own.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING

from airflow_provider_datacube._telling import mark, tell
from datacube_api.errors import DataCubeGoneError
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datacube._following import Follower, PodLogs
    from airflow_provider_datacube._telling import Log
    from airflow_provider_datacube._watching import Cube
    from datacube_api.reference import CubeRef
    from datacube_api.status import Outcome


class Waiter:
    """
    One who waits, with no more than that takes: thousands of these live side by side.

    It tells its transitions in the context that it was made in, since Airflow routes what a trigger
    logs by a context variable.
    """

    __slots__ = ("_context", "_log", "_seen", "ended", "follower", "ref")

    def __init__(
        self, ref: CubeRef, log: Log, logs: PodLogs | None = None, logging_interval_s: float = 0
    ) -> None:
        self.ref = ref
        self.ended: asyncio.Future[Cube] = asyncio.get_running_loop().create_future()
        self._log = log
        self._context = contextvars.copy_context()
        self.follower: Follower | None = None
        if logs is not None and logging_interval_s:
            self.follower = logs.join(ref, logging_interval_s, log, self._context)
        self._seen = 0  # a mark of the outcome, whose message may be long

    def saw(self, cube: Cube, outcome: Outcome) -> None:
        """Take note of a state of this very DataCube."""
        if self.ended.done():
            return
        if self._seen != (seen := mark(outcome)):
            self._seen = seen
            self._context.run(tell, self._log, self.ref, outcome)
        if self.follower is not None:
            self.follower.saw(outcome)
        if outcome.phase.is_terminal:
            self.ended.set_result(cube)

    def fail(self, error: BaseException | None) -> None:
        """Stop waiting, without an error as one who is cancelled; an ending that is there stays."""
        if self.ended.done():
            return
        if error is None:
            self.ended.cancel()
        else:
            self.ended.set_exception(error)


class Waiters:
    """Everybody who waits in one namespace."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.unseen: set[Waiter] = set()
        self._by_name: dict[str, list[Waiter]] = {}
        # Running DataCubes that the watch knows of, by name: who comes for one of them needs no
        # look of its own. And what ended during a look, whose answer may be older than that.
        self._running: dict[str, str] = {}
        self._departed: set[str] | None = None

    def __iter__(self) -> Iterator[Waiter]:
        for waiters in self._by_name.values():
            yield from waiters

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def join(self, waiter: Waiter) -> None:
        """Take up somebody who waits."""
        ref = waiter.ref
        self._by_name.setdefault(ref.name, []).append(waiter)
        if not ref.uid or self._running.get(ref.name) != ref.uid:
            self.unseen.add(waiter)
            self.came.set()

    def leave(self, waiter: Waiter) -> None:
        """Forget somebody."""
        self.unseen.discard(waiter)
        namesakes = self._by_name[waiter.ref.name]
        namesakes.remove(waiter)
        if not namesakes:
            del self._by_name[waiter.ref.name]

    def doubt(self) -> None:
        """Believe nothing that was seen: a watch is about to begin anew."""
        self._running.clear()
        self.unseen.update(self)
        self.came.set()

    def heard(self, kind: str, cube: Cube) -> None:
        """
        Take a watch event.

        An event of another uid is nobody's business: it is an older namesake's, that comes late, or
        a newer one's, before which there was a DELETED.
        """
        outcome = evaluate(cube.get("status"))
        name, uid = cube["metadata"]["name"], cube["metadata"]["uid"]
        if outcome.phase.is_terminal or kind == "DELETED":
            self._departs(name, uid)
        else:
            self._running[name] = uid
        for waiter in self._of(cube):
            waiter.saw(cube, outcome)
            if kind == "DELETED":
                waiter.fail(DataCubeGoneError(waiter.ref, outcome.pod))

    def begin_look(self) -> set[Waiter]:
        """Return who is to be looked for; only these may conclude anything from an absence."""
        self._departed = set()
        return set(self.unseen)

    def found(self, cube: Cube, asked: set[Waiter]) -> None:
        """Take one object of a look's answer."""
        outcome = evaluate(cube.get("status"))
        name, uid = cube["metadata"]["name"], cube["metadata"]["uid"]
        if not outcome.phase.is_terminal and uid not in (self._departed or ()):
            self._running[name] = uid
        for waiter in self._of(cube):
            waiter.saw(cube, outcome)
            self.unseen.discard(waiter)
            asked.discard(waiter)

    def end_look(self, asked: set[Waiter], lag_s: float) -> None:
        """
        Tell the rest that theirs is gone: it was not found, or another one has its name.

        Not before ``lag_s``: what was deleted right after its end has ended, as the watch may be
        about to tell.
        """
        self._departed = None
        self.unseen -= asked
        loop = asyncio.get_running_loop()
        for waiter in asked:
            loop.call_later(lag_s, waiter.fail, DataCubeGoneError(waiter.ref))

    def _of(self, cube: Cube) -> list[Waiter]:
        namesakes = self._by_name.get(cube["metadata"]["name"], ())
        return [waiter for waiter in namesakes if waiter.ref.is_identity_of(cube)]

    def _departs(self, name: str, uid: str) -> None:
        if self._running.get(name) == uid:
            del self._running[name]
        if self._departed is not None:
            self._departed.add(uid)
