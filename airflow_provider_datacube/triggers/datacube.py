"""
The trigger: waits for one DataCube in the triggerer, and always ends with exactly one event.

The event carries facts; the operator judges them. Nothing blocks the event loop, no credential is
in what is stored of a trigger, and nothing of the cluster is touched when a trigger merely moves to
another triggerer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_datacube._compat import TRIGGERS_ARE_KILLED
from airflow_provider_datacube._connecting import connect
from airflow_provider_datacube._custody import cancel
from airflow_provider_datacube._events import Ending, to_error_event, to_event
from airflow_provider_datacube._shared_watch import WATCHES
from airflow_provider_datacube._watching import Limit, Pace
from datacube_api.errors import DataCubeError
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

# States in which this try will not come back for its DataCube: the task has ended, its DAG run was
# deleted (None), or it was cleared, and (None and the last line) its next try is on the way, which
# may hold the DataCube already. In all others (deferred, waiting for a retry, states that are not
# known here) this try, or a next one that adopts it, still wants it.
_ABANDONED = (
    *(None, "success", "failed", "skipped", "upstream_failed", "removed"),
    *("scheduled", "queued", "running", "restarting"),
)
Answer = TypeVar("Answer")

# What outlives its trigger: the event loop itself holds tasks only weakly.
_background: set[asyncio.Task[Any]] = set()


class DataCubeTrigger(BaseTrigger):
    """
    Wait until a DataCube cannot change any more.

    :param namespace: of the DataCube
    :param name: of the DataCube
    :param uid: which object of that name
    :param kubernetes_conn_id: connection of type ``kubernetes``
    :param poll_interval: seconds between two looks where the account may not watch
    :param deadline: moment to give up at, in seconds since the epoch
    :param timeout_s: what the deadline was made of, for the message
    :param on_kill_action: ``delete_datacube`` when a user ends the task, or ``keep_datacube``
    :param logging_interval: seconds between two looks at the pod's log; 0 for never
    """

    _hears_of_kills: ClassVar[bool] = TRIGGERS_ARE_KILLED
    # The first question of a triggerer's life makes Airflow build its whole API server in there:
    # seconds on an idle machine. Nobody waits for this one, it runs beside the trigger.
    _answer_s: ClassVar[float] = 60.0

    def __init__(  # noqa: PLR0913 - stored field by field, read by other releases
        self,
        *,
        namespace: str,
        name: str,
        uid: str,
        kubernetes_conn_id: str,
        poll_interval: float = 5.0,
        deadline: float | None = None,
        timeout_s: float = 0.0,
        on_kill_action: str = "delete_datacube",
        logging_interval: float = 0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.ref = CubeRef(namespace, name, uid)
        self.kubernetes_conn_id = kubernetes_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.timeout_s = timeout_s
        self.on_kill_action = on_kill_action
        self.logging_interval = logging_interval
        self._has_fired = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and what it is made from; no credential, only a connection's id."""
        arguments = {
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "uid": self.ref.uid,
            "kubernetes_conn_id": self.kubernetes_conn_id,
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "timeout_s": self.timeout_s,
            "on_kill_action": self.on_kill_action,
            "logging_interval": self.logging_interval,
        }
        return f"{DataCubeTrigger.__module__}.{DataCubeTrigger.__qualname__}", arguments

    async def run(self) -> AsyncGenerator[TriggerEvent, None]:
        """Yield the one event."""
        event = await self._event()
        # Told apart from a kill: Airflow cancels a trigger whose event it has taken as well.
        self._has_fired = True
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow's

    async def _event(self) -> dict[str, Any]:
        shown: list[str] = []
        try:
            cube = await WATCHES.wait_until_terminal(
                self.kubernetes_conn_id,
                self._connect,
                self.ref,
                pace=Pace(self.poll_interval),
                limit=Limit(self.deadline, self.timeout_s),
                log=self.logger(),  # the class's: thousands wait, and one of its own is a KB
                logging_interval_s=self.logging_interval,
                followed=shown.append,
            )
            return to_event(Ending.of(cube, shown))
        except DataCubeError as error:
            return to_error_event(self.ref, error)
        except Exception as error:
            # The last guard: a trigger that ends without an event leaks the DataCube.
            self.log.exception("Waiting for DataCube %s broke off", self.ref)
            return to_error_event(self.ref, error)

    async def on_kill(self) -> None:
        """
        Cancel the DataCube when a user has ended the task.

        Airflow 3.3.0 to 3.3.2 also calls this when the trigger moves to another triggerer
        (https://github.com/apache/airflow/pull/73454), so the task's state is asked for first; in
        doubt the DataCube stays, and the next try adopts it.
        """
        if self._has_fired:
            return
        if self.on_kill_action == "keep_datacube":
            self.log.info("DataCube %s stays, as on_kill_action says", self.ref)
            return
        # Airflow cancels a trigger again every second until it has ended, and that cancels what
        # runs here: asking for the state alone can take longer. So it runs beside the trigger.
        await asyncio.shield(_in_the_background(self._cancel_if_abandoned()))

    async def cleanup(self) -> None:
        """Do the same where Airflow (3.1) says nothing but that the trigger ends, whyever."""
        if not self._hears_of_kills:
            await self.on_kill()

    async def _cancel_if_abandoned(self) -> None:
        ti = self.task_instance
        if ti is not None and await self._is_abandoned():
            await cancel(self._connect, self.ref, str(ti.id), self.log)
        else:
            self.log.info("DataCube %s stays: the task may still want it", self.ref)

    async def _is_abandoned(self) -> bool:
        # Never cancelled, only left alone: of an answer that nobody takes, Airflow's triggerer
        # would make the answer to its own next question.
        asked = _in_the_background(self._task_state())
        answered, _ = await asyncio.wait({asked}, timeout=self._answer_s)
        if not answered:
            why = "no answer in time"
        elif error := asked.exception():
            why = type(error).__name__  # whatever Airflow's own API raises
        else:
            return asked.result() in _ABANDONED
        self.log.warning("The task's state is unknown (%s)", why)
        return False

    async def _task_state(self) -> str | None:
        """Return the state that Airflow has for the task instance; None where it has none."""
        from airflow.sdk.execution_time.task_runner import (  # noqa: PLC0415 - triggerer only
            RuntimeTaskInstance,
        )
        from asgiref.sync import sync_to_async  # noqa: PLC0415 - triggerer only

        ti: Any = self.task_instance
        states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
            dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
        )
        key = ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}"
        state: str | None = states.get(ti.run_id, {}).get(key)
        return state

    def _connect(self) -> Any:
        return connect(self.kubernetes_conn_id)


def _in_the_background(work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
    task = asyncio.create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)
    return task
