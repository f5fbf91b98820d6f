"""
The operator that deletes DataCubes, and with each its transfer; the data in the volumes stays.

Every DataCube is deleted by the uid that was read before, so that one which was made anew under
the name in between is never meant. An empty selector would match everything, and is refused.
"""

from __future__ import annotations

import threading
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator

from airflow_provider_datacube._failures import no_useless_retries
from airflow_provider_datacube._faults import PAUSES_S, Faults, patiently
from airflow_provider_datacube._refusals import ResourceUnknownError
from airflow_provider_datacube._selection import check_selection, selected
from airflow_provider_datacube._settings import check_choice, check_rendered, check_text, seconds
from airflow_provider_datacube._watching import Pace
from airflow_provider_datacube.hooks.datacube import DataCubeHook
from datacube_api.errors import DataCubeApiError, DataCubeNotFoundError, DataCubeSpecError
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_datacube._selection import Selection


class DataCubeDeleteOperator(BaseOperator):
    """
    Delete a DataCube, or all that a label selector matches.

    Returns the names of what it deleted. It deletes no data and no volume.

    :param name: of the DataCube (templated)
    :param label_selector: instead of a name: as ``kubectl delete -l`` takes it (templated)
    :param namespace: of the DataCubes; the connection's without it (templated)
    :param uid: with ``name``: only this very object, never a namesake (templated)
    :param if_missing: ``success`` or ``fail`` when there is none, or another uid has the name
    :param wait_for_completion: return only after the transfer pods have ended
    :param poll_interval: seconds (or a timedelta) between two looks while it waits
    :param kubernetes_conn_id: connection of type ``kubernetes`` (templated)
    """

    template_fields: Collection[str] = (
        "name",
        "label_selector",
        "namespace",
        "uid",
        "kubernetes_conn_id",
    )
    ui_color = "#f4e1d7"
    _pauses_s: ClassVar[tuple[float, ...]] = PAUSES_S

    def __init__(  # noqa: PLR0913 - an operator's settings, keyword-only
        self,
        *,
        name: str | None = None,
        label_selector: str | None = None,
        namespace: str | None = None,
        uid: str | None = None,
        if_missing: Literal["success", "fail"] = "success",
        wait_for_completion: bool = False,
        poll_interval: timedelta | float = 2.0,
        kubernetes_conn_id: str = DataCubeHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_selection(name, label_selector, namespace)
        check_text("kubernetes_conn_id", kubernetes_conn_id)
        check_choice("if_missing", if_missing, ("success", "fail"))
        if uid is not None and name is None:
            raise DataCubeSpecError(("uid: belongs to a name, not to a label_selector",))
        self.name = name
        self.label_selector = label_selector
        self.namespace = namespace
        self.uid = uid
        self.if_missing = if_missing
        self.wait_for_completion = wait_for_completion
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.kubernetes_conn_id = kubernetes_conn_id

    @cached_property
    def hook(self) -> DataCubeHook:
        """The hook of this task's connection."""
        check_rendered("kubernetes_conn_id", self.kubernetes_conn_id)
        return DataCubeHook(self.kubernetes_conn_id)

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002 - Airflow's signature
        """Delete what is there now."""
        with no_useless_retries():
            selection = selected(
                self.name, self.label_selector, self.namespace, lambda: self.hook.namespace
            )
            patient = partial(patiently, pauses_s=self._pauses_s, log=self.log)
            refs = patient(lambda: self._find(selection))
            if not refs and self.if_missing == "fail":
                raise DataCubeNotFoundError(f"{selection}: there is none to delete", 404)
            for ref in refs:
                patient(partial(self.hook.delete, ref, foreground=self.wait_for_completion))
                self.log.info("Deleted DataCube %s", ref)
            if not refs:
                self.log.info("%s: there is none to delete", selection)
            if self.wait_for_completion:
                self._wait_until_gone(refs)
            return [ref.name for ref in refs]

    def _find(self, selection: Selection) -> list[CubeRef]:
        if not selection.name:
            found = self.hook.list(selection.namespace, label_selector=selection.label_selector)
            return [CubeRef.of(cube) for cube in found]
        if self.uid is not None:
            check_rendered("uid", self.uid)
        wanted = CubeRef(selection.namespace, selection.name, self.uid or "")
        uid = self._uid_of(wanted)
        return [CubeRef(wanted.namespace, wanted.name, uid)] if uid else []

    def _uid_of(self, ref: CubeRef) -> str:
        """Return the uid of the object that a reference means, or nothing where there is none."""
        try:
            cube = self.hook.read(ref)
        except ResourceUnknownError:
            raise
        except DataCubeNotFoundError:
            return ""
        return CubeRef.of(cube).uid if ref.is_identity_of(cube) else ""

    def _wait_until_gone(self, refs: list[CubeRef]) -> None:
        """Return when none is there: deleted in the foreground, each outlasts its pods."""
        faults = Faults(Pace(self.poll_interval), self.log, has_worked=True)
        for ref in refs:
            while self._is_there(ref, faults):
                threading.Event().wait(self.poll_interval)
            self.log.info("DataCube %s and its transfer have ended", ref)

    def _is_there(self, ref: CubeRef, faults: Faults) -> bool:
        try:
            is_there = bool(self._uid_of(ref))
        except DataCubeApiError as error:
            if not faults.passes(error):
                raise
            self.log.warning("%s; looking again", error)
            return True
        faults.works()
        return is_there
