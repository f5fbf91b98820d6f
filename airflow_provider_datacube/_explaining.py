"""
Explain the errors of a DataCube where they pass by: look around, tell the task's log, say the mend.

Whatever goes wrong meanwhile, the error stays what it was. The pod and its log go with the
DataCube, so this has to happen before anybody deletes it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datacube._compat import AirflowTaskTimeout, redact
from airflow_provider_datacube._redaction import safe_outcome
from datacube_api.errors import DataCubeFailedError, DataCubeGoneError, DataCubeTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from airflow_provider_datacube._explanation import Explained
    from airflow_provider_datacube._facts import Facts
    from datacube_api.reference import CubeRef
    from datacube_api.status import Outcome


class Hook(Protocol):
    """What can look."""

    def facts(self, ref: CubeRef, *, pod: str = "") -> Facts:
        """Return what can be found out about a DataCube."""


class Log(Protocol):
    """What is needed of a task's logger."""

    def error(self, msg: str, /, *args: Any) -> Any:
        """Say what is wrong."""

    def info(self, msg: str, /, *args: Any) -> Any:
        """Say what happened."""

    def warning(self, msg: str, /, *args: Any) -> Any:
        """Say what is amiss."""


@contextmanager
def explained(hook: Hook, log: Log, ref: CubeRef | None = None) -> Iterator[None]:
    """
    Let errors pass, each with an explanation in the log and a hint in its text.

    :param ref: what is waited for: Airflow's own timeout does not say it
    """
    try:
        yield
    except (DataCubeFailedError, DataCubeGoneError, DataCubeTimeoutError) as error:
        _explain(hook, log, error)
        raise
    except AirflowTaskTimeout:
        if ref is not None:
            _explain(hook, log, DataCubeTimeoutError(ref, 0))
        raise


def failure(ref: CubeRef, outcome: Outcome) -> DataCubeFailedError:
    """Return the error of a DataCube that failed, with what its status alone explains."""
    error = DataCubeFailedError(ref, safe_outcome(outcome))
    error.hint = _explanation().explain(error).hint
    return error


def _explain(hook: Hook, log: Log, error: Explained) -> None:
    try:
        facts = hook.facts(error.ref, pod=getattr(error, "pod", ""))
        told = _explanation().explain(error, facts)
        error.hint, cause, *rest = (str(redact(text)) for text in astuple(told))
    except (Exception, AirflowTaskTimeout) as problem:  # noqa: BLE001 - the error stays what it was
        kind = type(problem).__name__
        log.warning("DataCube %s cannot be explained further (%s)", error.ref, kind)
        return
    log.error("%s", cause)
    for section in filter(None, rest):
        log.info("%s", section)


def _explanation() -> ModuleType:
    """Import it when something fails: DAGs are parsed far more often."""
    from airflow_provider_datacube import _explanation  # noqa: PLC0415 - see above

    return _explanation
