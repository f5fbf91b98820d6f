"""
Tasks that end before their transfers do, each in its way; run by tests.

``url`` is a repository that answers; a transfer waits for the ConfigMap of its ``gate``, so that a
test can let it go. ``silent`` is a server that never answers: those transfers run, and never end.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import dag

from airflow_provider_datacube.models import PVC, ConfigMapRef, Executor, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context

MODES = {"deferred": True, "blocking": False}
PARAMS = {"url": "", "silent": "", "place": ""}
LONG = timedelta(hours=1)
SHORT = timedelta(seconds=20)
# Airflow's own alarm does not wait until a worker of a busy machine has imported its client.
NOT_SO_SHORT = timedelta(seconds=45)


def transfer(
    name: str, operator: type[DataCubeOperator] = DataCubeOperator, gate: str = "", **given: Any
) -> None:
    """Make a task; without a gate, its transfer never ends."""
    url = "{{ params.url }}" if gate else "{{ params.silent }}"
    executor = Executor(env={"GATE": ConfigMapRef(gate, "open")}) if gate else Executor()
    operator(
        task_id=name,
        source=Git(url=url, ref="main"),
        sink=PVC("ended", sub_path=f"{{{{ params.place }}}}{name}", size="1Gi"),
        secret_ref="git-token",
        transfer_executor=executor,
        **{"timeout": LONG, **given},
    )


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


class _DyingHook:
    """The hook of a worker that is killed before or during one of its requests."""

    def __init__(self, hook: Any, dies: str) -> None:
        self._hook, self._dies = hook, dies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hook, name)

    def create(self, manifest: Any) -> Any:
        if self._dies == "before":
            _die()
        made = self._hook.create(manifest)
        if self._dies == "during":  # the server has made it, and nobody hears so
            _die()
        return made

    def wait(self, *_: Any, **__: Any) -> NoReturn:
        _die()


class Dying(DataCubeOperator):
    """The first try's process is killed: before, during or after the creation."""

    def __init__(self, *, dies: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dies = dies

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the way to the grave, or at the second try the operator's own."""
        if context["ti"].try_number == 1:
            self.hook = _DyingHook(self.hook, self.dies)  # type: ignore[assignment]  # the seam
            self.defer = lambda **_: _die()  # type: ignore[method-assign]  # after the creation
        return super().execute(context)


def in_both_modes(name: str, make: Callable[..., None], **given: Any) -> None:
    """Make the task twice."""
    for mode, deferrable in MODES.items():
        make(f"{name}_{mode}", deferrable=deferrable, **given)


@dag(schedule=None, params=PARAMS)
def marked() -> None:
    in_both_modes("failed", transfer)
    in_both_modes("success", transfer)
    in_both_modes("kept", transfer, on_kill_action="keep_datacube")
    for mode, deferrable in MODES.items():
        transfer(f"cleared_{mode}", deferrable=deferrable, gate=f"cleared-{mode}")


@dag(schedule=None, params=PARAMS)
def run_marked() -> None:
    in_both_modes("failed", transfer)


@dag(schedule=None, params=PARAMS)
def late() -> None:
    in_both_modes("timeout", transfer, timeout=SHORT)
    in_both_modes("execution_timeout", transfer, execution_timeout=NOT_SO_SHORT)


@dag(schedule=None, params=PARAMS)
def moved() -> None:
    transfer("moved_deferred", deferrable=True, gate="moved")
    transfer("restarted_deferred", deferrable=True, gate="moved")


@dag(schedule=None, params=PARAMS, default_args={"retries": 1, "retry_delay": timedelta(0)})
def dying() -> None:
    for dies in ("before", "during", "after"):
        in_both_modes(dies, transfer, operator=Dying, dies=dies, gate="dying")


@dag(schedule=None, params=PARAMS)
def repeated() -> None:
    DataCubeOperator.partial(
        task_id="mapped",
        source=Git(url="{{ params.silent }}", ref="main"),
        secret_ref="git-token",
        transfer_executor=Executor(backoff_limit=0, active_deadline_seconds=3),
        retries=1,
        retry_delay=timedelta(0),
        deferrable=True,
    ).expand(sink=[PVC("ended", sub_path=f"mapped-{n}", size="1Gi").to_manifest() for n in (0, 1)])
    cleared = {"gate": "repeated", "on_finish_action": "delete_succeeded_datacube"}
    in_both_modes("cleared_away", transfer, **cleared)


marked()
run_marked()
repeated()
late()
moved()
dying()
