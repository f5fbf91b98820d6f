"""
The hook: DataCubes over an Airflow connection of type ``kubernetes``.

No new connection type to learn: the cncf provider's, with all its extras. Constructing the hook
does nothing; the first verb connects. It knows verbs, not tasks: whose DataCube is whose, and what
an ending means for a task, is the operator's business.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from airflow_provider_datacube._blocking import run
from airflow_provider_datacube._connecting import Renewed, connect, facts_of, open_cubes
from airflow_provider_datacube._events import Ending
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api.errors import DataCubeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_datacube._clients import Cubes
    from airflow_provider_datacube._facts import Facts
    from datacube_api.reference import CubeRef


class DataCubeHook(BaseHook):
    """
    Create, read, list, change, delete and wait for DataCubes.

    Every verb raises :class:`datacube_api.errors.DataCubeApiError` or one of its kinds; the
    exceptions of the Kubernetes client stay reachable as ``__cause__``.

    :param kubernetes_conn_id: connection of type ``kubernetes``; its extra ``namespace`` is the
        default namespace
    """

    conn_name_attr = "kubernetes_conn_id"
    default_conn_name = "kubernetes_default"
    conn_type = "kubernetes"
    hook_name = "DataCube"

    def __init__(self, kubernetes_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.kubernetes_conn_id = kubernetes_conn_id
        self._cubes: Renewed[Cubes] = Renewed(lambda: open_cubes(self.kubernetes_conn_id))

    @property
    def namespace(self) -> str:
        """The namespace that the connection names, or ``default``."""
        return self._cubes.client.namespace

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """
        Create a DataCube and return it as the API server made it.

        :param manifest: with ``metadata.name`` and ``metadata.namespace``
        """
        return self._cubes.ask(lambda cubes: cubes.create(manifest))

    def read(self, ref: CubeRef) -> dict[str, Any]:
        """
        Return a DataCube as it is now.

        :param ref: which one
        """
        return self._cubes.ask(lambda cubes: cubes.read(ref))

    def list(
        self, namespace: str | None = None, *, label_selector: str = ""
    ) -> list[dict[str, Any]]:
        """
        Return the DataCubes of a namespace.

        :param namespace: the connection's own without it
        :param label_selector: only those that match
        """
        return self._cubes.ask(
            lambda cubes: cubes.list(namespace or cubes.namespace, label_selector=label_selector)
        )

    def patch(self, ref: CubeRef, changes: Mapping[str, Any]) -> dict[str, Any]:
        """
        Change a DataCube's labels or annotations, and return it as it is now.

        :param ref: which one
        :param changes: merged into it; a ``resourceVersion`` in its ``metadata`` has to be the
            DataCube's own still
        """
        return self._cubes.ask(lambda cubes: cubes.patch(ref, changes))

    def delete(self, ref: CubeRef, *, foreground: bool = False, version: str = "") -> bool:
        """
        Delete a DataCube, and with it the transfer; that it is gone already is no error.

        Returns whether it was there to delete.

        :param ref: with a uid, only that very object is deleted, never a namesake
        :param foreground: the DataCube is there until its transfer pods have ended
        :param version: only if this is still its ``resourceVersion``
        """
        return self._cubes.ask(
            lambda cubes: cubes.delete(ref, foreground=foreground, version=version)
        )

    def wait(
        self,
        ref: CubeRef,
        *,
        pace: Pace | None = None,
        limit: Limit | None = None,
        known: dict[str, Any] | None = None,
        logging_interval: float = 0,
    ) -> Ending:
        """
        Block until a DataCube has ended, and return how.

        The same loop as in the triggerer, run in an event loop of its own: an end is seen at once,
        and faults of the network or the API server are waited out.

        :param ref: which one
        :param pace: how often to ask
        :param limit: when to give up; never without it
        :param known: the DataCube as it was read last; saves a request, and no change is missed
        :param logging_interval: show the pod's log every so many seconds; never without it
        :raises DataCubeGoneError: it was deleted, or its name belongs to another one now.
        :raises DataCubeTimeoutError: the limit has passed.
        """
        shown: list[str] = []
        cube = run(
            wait_until_terminal(
                partial(connect, self.kubernetes_conn_id),
                ref,
                pace=pace or Pace(),
                limit=limit or Limit(),
                log=self.log,
                known=known,
                logging_interval_s=logging_interval,
                followed=shown.append,
            )
        )
        return Ending.of(cube, shown)

    def facts(self, ref: CubeRef, *, pod: str = "") -> Facts:
        """
        Return what explains the state of a DataCube: conditions, pod, Events, the log's last lines.

        Takes ten seconds at most, and raises no error of the cluster: what the account may not
        read, or what did not come in time, is ``missing`` in the answer. All text is redacted.

        :param ref: which one
        :param pod: name of its pod, if the DataCube may be gone
        """
        return run(facts_of(self.kubernetes_conn_id, ref, pod))

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the connection leads to an API server that knows DataCubes."""
        try:
            self.list()
        except DataCubeError as error:
            return False, str(error)
        return True, f"DataCubes in namespace {self.namespace!r} can be listed"
