"""The DataCubes behind one connection, for a worker: the verbs of the blocking client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._clients.asking import TIMES, api_errors, deletion, request_for
from airflow_provider_datacube._refusals import Request
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError
from datacube_api.reference import CubeRef, collection

if TYPE_CHECKING:
    from collections.abc import Mapping

    import kubernetes.client

    from airflow_provider_datacube._watching import Cube

_PAGE = 500


class Cubes:
    """The DataCubes behind one connection, blocking."""

    def __init__(
        self, api: kubernetes.client.CustomObjectsApi, conn_id: str, namespace: str
    ) -> None:
        self.api, self.conn_id, self.namespace = api, conn_id, namespace

    def create(self, manifest: Mapping[str, Any]) -> Cube:
        """Return the object as the API server made it."""
        ref = CubeRef(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        with api_errors(request_for("create", ref, self.conn_id)):
            made: Cube = self.api.create_namespaced_custom_object(
                **collection(ref.namespace), body=dict(manifest), **TIMES
            )
        return made

    def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""
        with api_errors(request_for("get", ref, self.conn_id)):
            cube: Cube = self.api.get_namespaced_custom_object(**ref.item(), **TIMES)
        return cube

    def list(self, namespace: str, *, label_selector: str = "") -> list[Cube]:
        """Return the matching objects of a namespace, read in pages."""
        found: list[Cube] = []
        more = ""
        while True:
            page = self._page(namespace, label_selector, more)
            found += page["items"]
            more = page["metadata"].get("continue") or ""
            if not more:
                return found

    def _page(self, namespace: str, label_selector: str, more: str) -> dict[str, Any]:
        asked = {"label_selector": label_selector, "_continue": more}
        with api_errors(Request("list", namespace, self.conn_id)):
            page: dict[str, Any] = self.api.list_namespaced_custom_object(
                **collection(namespace),
                limit=_PAGE,
                **{key: value for key, value in asked.items() if value},
                **TIMES,
            )
        return page

    def patch(self, ref: CubeRef, changes: Mapping[str, Any]) -> Cube:
        """Return the object with the changes merged into it."""
        with api_errors(request_for("patch", ref, self.conn_id)):
            changed: Cube = self.api.patch_namespaced_custom_object(
                **ref.item(), body=dict(changes), **TIMES
            )
        return changed

    def delete(self, ref: CubeRef, *, foreground: bool = False, version: str = "") -> bool:
        """Delete this very object; tell whether it was there, as it was at that version."""
        policy = "Foreground" if foreground else "Background"
        try:
            with api_errors(request_for("delete", ref, self.conn_id)):
                self.api.delete_namespaced_custom_object(
                    **ref.item(), body=deletion(ref.uid, policy, version), **TIMES
                )
        except (DataCubeNotFoundError, DataCubeConflictError):
            return False
        return True
