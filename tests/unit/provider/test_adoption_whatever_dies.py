"""
Tries of two tasks over one store: they die, stall, lose answers, are killed, and run at once.

Between any two requests of one process anything may happen that others do, so that interleavings of
single requests are tried, not only whole calls one after another. A walk is random from a seed,
which hypothesis tells when one fails: it has to go far before tries get into each other's way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_datacube._adoption import create_or_adopt
from airflow_provider_datacube._custody import Custody
from airflow_provider_datacube._events import Ending
from airflow_provider_datacube._faults import patiently
from airflow_provider_datacube._holding import Try, holder_of
from airflow_provider_datacube._naming import IDENTITY_LABEL, TaskIdentity
from datacube_api.errors import DataCubeConflictError, DataCubeUnavailableError
from datacube_api.reference import CubeRef
from datacube_api.status import evaluate
from tests.unit.provider.store import Quiet, Store, condition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

TASKS = [TaskIdentity("etl", run, "fetch") for run in ("run-1", "run-2")]
MANIFEST = {"metadata": {"namespace": "default"}, "spec": {}}
HAPPENS = ["nothing"] * 6 + ["death", "fault", "fault", "Complete", "Failed", "next", "next"]
STEPS = 60


class DeathError(BaseException):
    """kill -9."""


def is_unfinished(cube: dict[str, Any]) -> bool:
    return not evaluate(cube.get("status")).phase.is_terminal


class Process:
    """The verbs of the store, for one try: before and after each, whatever may happen does."""

    def __init__(self, world: World, this: Try, happens: list[str]) -> None:
        self.world, self.this, self.happens = world, this, happens

    def __getattr__(self, verb: str) -> Any:
        def ask(*args: Any, **how: Any) -> Any:
            self._between()
            answer = getattr(self.world.store, verb)(*args, **how)
            if verb == "delete" and answer:
                assert holder_of(self.world.store.history[-1][2]) == self.this.id
            self._between()
            return answer

        return ask

    def _between(self) -> None:
        what = self.world.random.choice(self.happens)
        if what == "death":
            raise DeathError
        if what == "fault":
            raise DataCubeUnavailableError("no answer", 0)
        if what in {"Complete", "Failed"}:
            self.world.end_all(what)
        if what == "next":
            self.world.run(self.world.new_try(self.this.identity), ["nothing"])


class World:
    def __init__(self, random: Random) -> None:
        self.random, self.store = random, Store()
        self.tries: list[Try] = []
        self.foreign: dict[str, dict[str, Any]] = {}

    def new_try(self, task: TaskIdentity) -> Try:
        """A first one, a retry, or one after a clear: Airflow gives each of them a new id."""
        number = sum(this.identity == task for this in self.tries) + 1
        moment = len(self.tries) + 1
        self.tries.append(Try(task, number, f"{moment:08x}-0000-7000-8000-000000000000"))
        return self.tries[-1]

    def run(self, this: Try, happens: list[str]) -> None:
        process: Any = Process(self, this, happens)
        try:
            adopted = patiently(
                lambda: create_or_adopt(process, MANIFEST, this), (0, 0, 0), Quiet()
            )
        except (DeathError, DataCubeUnavailableError, DataCubeConflictError):
            return
        assert this.holds(adopted.cube)

    def end_all(self, end: str) -> None:
        for cube in self.own():
            if is_unfinished(cube):
                self.store.set_status(CubeRef.of(cube), {"conditions": [condition(end)]})

    def own(self) -> list[dict[str, Any]]:
        return [cube for (_, name), cube in self.store.held.items() if name not in self.foreign]

    def step(self) -> None:
        random = self.random
        random.choice([self.start, self.start, self.kill, self.end, self.clear_away, self.meddle])()

    def start(self) -> None:
        self.run(self.new_try(self.random.choice(TASKS)), HAPPENS)

    def kill(self) -> None:
        """Of one that waits, or of any: it may have been given up long ago."""
        waited_for = [cube for cube in self.own() if is_unfinished(cube)]
        waiting = [this for this in self.tries if any(map(this.holds, waited_for))]
        if self.tries:
            this = self.random.choice(waiting or self.tries)
            try:
                self.custody(this, HAPPENS).kill()
            except DeathError:
                return

    def end(self) -> None:
        self.end_all(self.random.choice(["Complete", "Failed"]))

    def clear_away(self) -> None:
        for this in self.tries:
            for cube in filter(this.holds, self.own()):
                if not is_unfinished(cube):
                    self.custody(this, ["nothing"]).finish(Ending.of(cube))

    def meddle(self) -> None:
        """Somebody deletes one, or makes one under a name that we will want."""
        if self.random.random() < 0.7 and self.own():
            self.store.delete(CubeRef.of(self.random.choice(self.own())))
            return
        base, counter = self.random.choice(TASKS).base_name(), self.random.randrange(6)
        name = f"{base}-{counter}" if counter else base
        if ("default", name) not in self.store.held:
            metadata = {"namespace": "default", "name": name}
            self.foreign[name] = self.store.create({**MANIFEST, "metadata": metadata})

    def custody(self, this: Try, happens: list[str]) -> Custody:
        custody = Custody(
            Process(self, this, happens),  # type: ignore[arg-type]  # by __getattr__
            this,
            on_kill="delete_datacube",
            on_finish="delete_datacube",
            pauses_s=(0, 0),
            log=Quiet(),
        )
        custody.expect("default")
        return custody

    def check(self) -> None:
        running = [c["metadata"]["labels"][IDENTITY_LABEL] for c in self.own() if is_unfinished(c)]
        assert len(running) == len(set(running)), "two transfers at once"
        for name, cube in self.foreign.items():
            assert self.store.held["default", name] == cube, "somebody else's was touched"

    def check_history(self) -> None:
        made, deleted = Counter(self.makers("ADDED")), Counter(self.makers("DELETED"))
        assert all(made[uid] <= 1 + deleted[uid] for uid in made), "two transfers for one try"
        holders: dict[str, str] = {}
        for _, _, cube in self.store.history:
            holder = holder_of(cube)
            assert holders.get(cube["metadata"]["uid"], "") <= holder, "taken from a later try"
            holders[cube["metadata"]["uid"]] = holder

    def makers(self, kind: str) -> Iterator[str]:
        """Yield who made each DataCube that was added, or that was deleted."""
        history = self.store.history
        maker = {c["metadata"]["uid"]: holder_of(c) for _, what, c in history if what == "ADDED"}
        for _, what, cube in history:
            if what == kind and maker[cube["metadata"]["uid"]]:
                yield maker[cube["metadata"]["uid"]]


@given(st.randoms(use_true_random=True))
@settings(max_examples=50, deadline=None)
def test_whatever_dies_there_is_one_transfer(random: Random) -> None:
    world = World(random)
    for _ in range(STEPS):
        world.step()
        world.check()
    world.check_history()
