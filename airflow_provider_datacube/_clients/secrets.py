"""
The Secrets behind one connection, for a worker.

No answer is parsed by the client: at the level DEBUG it writes what it parses into the log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._clients.asking import TIMES, api_errors, deletion
from airflow_provider_datacube._refusals import SECRETS, Request
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import kubernetes.client

_UNPARSED: Final[Mapping[str, Any]] = {**TIMES, "_preload_content": False}


class Secrets:
    """The Secrets behind one connection, blocking."""

    def __init__(self, api: kubernetes.client.CoreV1Api, conn_id: str, namespace: str) -> None:
        self.api, self.conn_id, self.namespace = api, conn_id, namespace

    def create(self, manifest: Mapping[str, Any]) -> None:
        """Create a Secret."""
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        with api_errors(self._request("create", namespace, name)):
            self.api.create_namespaced_secret(namespace, dict(manifest), **_UNPARSED).drain_conn()

    def read(self, namespace: str, name: str) -> dict[str, Any]:
        """Return a Secret as it is now, values too."""
        with api_errors(self._request("get", namespace, name)):
            answer = self.api.read_namespaced_secret(name, namespace, **_UNPARSED)
            secret: dict[str, Any] = json.loads(answer.data)
        return secret

    def replace(self, manifest: Mapping[str, Any]) -> None:
        """Put a Secret in the place of the one that has its name."""
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        with api_errors(self._request("update", namespace, name)):
            self.api.replace_namespaced_secret(
                name, namespace, dict(manifest), **_UNPARSED
            ).drain_conn()

    def delete(self, namespace: str, name: str, uid: str = "") -> None:
        """Delete a Secret; it is no error that it is gone, or (with a uid) another's by now."""
        try:
            with api_errors(self._request("delete", namespace, name)):
                self.api.delete_namespaced_secret(
                    name, namespace, body=deletion(uid), **_UNPARSED
                ).drain_conn()
        except (DataCubeNotFoundError, DataCubeConflictError):
            return

    def _request(self, verb: str, namespace: str, name: str) -> Request:
        return Request(verb, namespace, self.conn_id, name, SECRETS)
