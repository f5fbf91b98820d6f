"""
The hook of Secrets: from an Airflow connection, or a mapping, to what a transfer pod can read.

It writes values and never returns any: a pod gets them by reference, and who needs one in Airflow
has the connection. The same ``kubernetes`` connection as the other hook, and the same errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from airflow_provider_datacube._connecting import Renewed, open_secrets
from airflow_provider_datacube._credentials.connections import held_by
from airflow_provider_datacube._credentials.masking import mask
from airflow_provider_datacube._credentials.secret import provide, secret_manifest, secret_of
from datacube_api.errors import DataCubeConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_datacube._clients import Secrets
    from datacube_api.reference import CubeRef


class DataCubeSecretHook(BaseHook):
    """
    Create, list the keys of, and delete the Secrets that DataCubes refer to.

    Every verb raises :class:`datacube_api.errors.DataCubeApiError` or one of its kinds.

    :param kubernetes_conn_id: connection of type ``kubernetes``; its extra ``namespace`` is the
        default namespace
    """

    conn_name_attr = "kubernetes_conn_id"
    default_conn_name = "kubernetes_default"
    conn_type = "kubernetes"
    hook_name = "DataCube Secret"

    def __init__(self, kubernetes_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.kubernetes_conn_id = kubernetes_conn_id
        self._secrets: Renewed[Secrets] = Renewed(lambda: open_secrets(self.kubernetes_conn_id))

    @property
    def namespace(self) -> str:
        """The namespace that the connection names, or ``default``."""
        return self._secrets.client.namespace

    def create(  # noqa: PLR0913 - what a Secret has; keyword-only
        self,
        name: str,
        values: Mapping[str, str],
        *,
        namespace: str | None = None,
        owner: CubeRef | None = None,
        labels: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> None:
        """
        Create a Secret.

        :param name: of the Secret
        :param values: by key
        :param namespace: that of the owner, or the connection's own, without it
        :param owner: the DataCube, with its uid, with which the Secret is to go
        :param labels: of the Secret
        :param replace: put it in the place of one that has the name, whoever made that
        :raises DataCubeConflictError: the name is taken, and ``replace`` is not said.
        :raises TypeError: a value is no text.
        :raises ValueError: the owner cannot own it.
        """
        for key, value in values.items():
            if not isinstance(value, str):
                raise TypeError(f"values: {key!r} must be a str, not {type(value).__name__}")
            mask(value)
        where = namespace or (owner.namespace if owner else self.namespace)
        if owner and not (owner.uid and owner.namespace == where):
            raise ValueError("owner: must be a DataCube of the Secret's namespace, with its uid")
        manifest = secret_manifest(name, values, namespace=where, owner=owner, labels=labels)
        try:
            self._secrets.ask(lambda secrets: secrets.create(manifest))
        except DataCubeConflictError:
            if not replace:
                raise
            self._secrets.ask(lambda secrets: secrets.replace(manifest))

    def create_from_connection(
        self, name: str, conn_id: str, *, service: str | None = None, **how: Any
    ) -> None:
        """
        Create a Secret of what an Airflow connection holds, under the keys of ``secret_ref``.

        :param name: of the Secret
        :param conn_id: the connection, of a type that ``conn_id`` of the operator takes
        :param service: ``git``, ``huggingface`` or ``s3``, where the connection's type does not say
        :param how: ``namespace``, ``owner``, ``labels``, ``replace``, as :meth:`create` takes them
        :raises DataCubeSpecError: there is no such connection, or it does not fit.
        """
        self.create(name, held_by(conn_id, service).all_values(), **how)

    def keys(self, name: str, namespace: str | None = None) -> list[str]:
        """
        Return the keys of a Secret, sorted; never its values.

        :param name: of the Secret
        :param namespace: the connection's own without it
        :raises DataCubeNotFoundError: there is no such Secret.
        """
        found = self._secrets.ask(lambda secrets: secrets.read(namespace or self.namespace, name))
        return sorted(found.get("data") or {})

    def delete(self, name: str, namespace: str | None = None) -> None:
        """
        Delete a Secret; that it is gone already is no error.

        :param name: of the Secret
        :param namespace: the connection's own without it
        """
        self._secrets.ask(lambda secrets: secrets.delete(namespace or self.namespace, name))

    def provide(self, cube: Mapping[str, Any], values: Mapping[str, str]) -> None:
        """
        See to it that the Secret of a DataCube is there, owned by it, with these values.

        :param cube: as the API returned it, made by :class:`DataCubeOperator`
        :param values: by key
        :raises DataCubeConflictError: the Secret's name belongs to somebody else.
        """
        manifest = secret_of(cube, values)
        self._secrets.ask(lambda secrets: provide(secrets, manifest))
