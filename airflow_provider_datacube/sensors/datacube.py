"""
The sensor: waits for DataCubes that somebody else made, and starts or deletes nothing.

It knows Airflow's ways of waiting (poke, reschedule, deferred, soft_fail); what is waited for, and
what a look means, it asks ``_sensing``. Importing it loads no Kubernetes client.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_datacube._compat import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    conf,
)
from airflow_provider_datacube._failures import no_useless_retries
from airflow_provider_datacube._faults import Faults
from airflow_provider_datacube._refusals import ResourceUnknownError
from airflow_provider_datacube._selection import Selection, check_selection, selected
from airflow_provider_datacube._sensing import Condition, Judgement, Verdict, from_event
from airflow_provider_datacube._settings import check_choice, check_rendered, check_text, seconds
from airflow_provider_datacube._watching import Pace
from airflow_provider_datacube.hooks.datacube import DataCubeHook
from airflow_provider_datacube.triggers.datacube_sensor import DataCubeSensorTrigger
from datacube_api.errors import (
    DataCubeApiError,
    DataCubeError,
    DataCubeNotFoundError,
    DataCubeSpecError,
)
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow.sdk import Context


class DataCubeSensor(BaseSensorOperator):
    """
    Wait until a DataCube that somebody else made has a condition.

    Give ``name`` or ``label_selector``. Returns, as XCom, ``namespace``, ``name``, ``uid``,
    ``pvc``, ``sub_path``, ``pod`` and ``result`` of the DataCube; with a label selector a list of
    these, one for each DataCube that has the condition.

    :param name: of the DataCube (templated)
    :param label_selector: instead of a name: as ``kubectl get -l`` takes it (templated)
    :param namespace: of the DataCubes; the connection's without it (templated)
    :param condition: type of the condition to wait for: ``Complete``, ``Failed``,
        ``Initialized`` or any other that stands in the status (templated)
    :param match: with a label selector: whether ``all`` of them must have it, or ``any``
    :param if_missing: ``wait`` for a DataCube that is not there (yet), or ``fail``
    :param if_failed: ``fail`` as soon as the transfer has failed, or ``wait`` for one that is
        made anew
    :param kubernetes_conn_id: connection of type ``kubernetes`` (templated)
    :param deferrable: wait in the triggerer instead of poking: the end of a transfer is seen at
        once there, everything else every ``poke_interval`` seconds
    """

    template_fields: Collection[str] = (
        "name",
        "label_selector",
        "namespace",
        "condition",
        "kubernetes_conn_id",
    )
    ui_color = "#e3f4ea"

    def __init__(  # noqa: PLR0913 - a sensor's settings, keyword-only
        self,
        *,
        name: str | None = None,
        label_selector: str | None = None,
        namespace: str | None = None,
        condition: str = "Complete",
        match: Literal["all", "any"] = "all",
        if_missing: Literal["wait", "fail"] = "wait",
        if_failed: Literal["fail", "wait"] = "fail",
        kubernetes_conn_id: str = DataCubeHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_selection(name, label_selector, namespace)
        check_text("condition", condition)
        check_text("kubernetes_conn_id", kubernetes_conn_id)
        check_choice("match", match, ("all", "any"))
        check_choice("if_missing", if_missing, ("wait", "fail"))
        check_choice("if_failed", if_failed, ("fail", "wait"))
        if deferrable:  # in a loop without a pause, the triggerer would do nothing else
            seconds("poke_interval", self.poke_interval)
        if match == "any" and name is not None:
            raise DataCubeSpecError(("match: belongs to a label_selector, not to a name",))
        self.name = name
        self.label_selector = label_selector
        self.namespace = namespace
        self.condition = condition
        self.match = match
        self.if_missing = if_missing
        self.if_failed = if_failed
        self.kubernetes_conn_id = kubernetes_conn_id
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> DataCubeHook:
        """The hook of this task's connection."""
        check_rendered("kubernetes_conn_id", self.kubernetes_conn_id)
        return DataCubeHook(self.kubernetes_conn_id)

    @cached_property
    def _faults(self) -> Faults:
        return Faults(Pace(self.poke_interval), self.log)

    def execute(self, context: Context) -> Any:
        """Look once, and wait as the sensor's settings say."""
        if not self.deferrable:
            return super().execute(context)
        with self._soft():
            poked = self.poke(context)
        if not poked.is_done:
            self.defer(trigger=self._trigger(), method_name="execute_complete")
        return poked.xcom_value

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's signature
        """Look once; a fault that passes says nothing about the DataCube."""
        with no_useless_retries():
            try:
                found = self._look()
            except DataCubeApiError as error:
                if not self._faults.passes(error):
                    raise
                self.log.warning("%s; looking again later", error)
                return PokeReturnValue(is_done=False)
            self._faults.works()
            judgement = self._wanted.judge(self._selection, found)
            if judgement.verdict is Verdict.WAIT:
                self.log.info("%s", judgement.why)
                return PokeReturnValue(is_done=False)
            return PokeReturnValue(is_done=True, xcom_value=self._conclude(judgement))

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: object,
    ) -> Any:
        """Resume after the trigger fired."""
        with self._soft():
            return self._conclude(from_event(event))

    @property
    def _wanted(self) -> Condition:
        check_rendered("condition", self.condition)
        return Condition(self.condition, self.match, self.if_missing, self.if_failed)

    @property
    def _selection(self) -> Selection:
        return selected(self.name, self.label_selector, self.namespace, lambda: self.hook.namespace)

    def _look(self) -> list[dict[str, Any]]:
        selection = self._selection
        if not selection.name:
            return self.hook.list(selection.namespace, label_selector=selection.label_selector)
        try:
            return [self.hook.read(CubeRef(selection.namespace, selection.name))]
        except ResourceUnknownError:
            raise
        except DataCubeNotFoundError:
            return []

    def _trigger(self) -> DataCubeSensorTrigger:
        selection = self._selection
        limits = [self.timeout]
        if self.execution_timeout is not None:  # Airflow enforces it on the worker only
            limits.append(self.execution_timeout.total_seconds())
        return DataCubeSensorTrigger(
            namespace=selection.namespace,
            name=selection.name,
            label_selector=selection.label_selector,
            condition=self.condition,
            match=self.match,
            if_missing=self.if_missing,
            if_failed=self.if_failed,
            kubernetes_conn_id=self.kubernetes_conn_id,
            poke_interval=self.poke_interval,
            deadline=time.time() + min(limits),
            timeout_s=min(limits),
        )

    def _conclude(self, judgement: Judgement) -> Any:
        """Return the XCom, or raise: the only place where a verdict becomes success or failure."""
        if judgement.verdict is Verdict.MET:
            cubes = [dict(cube) for cube in judgement.cubes]
            return cubes[0] if self.name else cubes
        if judgement.verdict is Verdict.LATE:
            raise AirflowSensorTimeout(judgement.why)
        if judgement.verdict is Verdict.NEVER:
            # What has failed stays failed: to look at it again on a retry mends nothing.
            raise AirflowFailException(judgement.why)
        raise DataCubeError(judgement.why)

    @contextmanager
    def _soft(self) -> Iterator[None]:
        """Skip instead of failing where the task says so, as a sensor that pokes does."""
        try:
            yield
        except (AirflowException, DataCubeError) as error:
            is_soft = self.soft_fail and isinstance(error, AirflowException)
            if is_soft or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise
