"""
From an Airflow connection to a client.

How to connect is left to the cncf provider's hooks, so that every kind of ``kubernetes`` connection
works; here stands what they get wrong for two connections in one process, or for a cluster around
them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import kubernetes.client
import kubernetes.config
import kubernetes_asyncio.client
import kubernetes_asyncio.config
import yaml
from airflow.providers.cncf.kubernetes.hooks.kubernetes import (
    AsyncKubernetesHook,
    KubernetesHook,
)

from airflow_provider_datacube._clients.asynchronous import AsyncCubes
from airflow_provider_datacube._clients.blocking import Cubes
from airflow_provider_datacube._clients.secrets import Secrets
from airflow_provider_datacube._compat import AirflowException
from airflow_provider_datacube._refusals import unusable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping


@contextmanager
def _connection_errors(conn_id: str) -> Iterator[None]:
    """Say which connection it is that leads nowhere."""
    try:
        yield
    except (
        AirflowException,
        kubernetes.config.ConfigException,
        kubernetes_asyncio.config.ConfigException,
        OSError,  # also of TLS: a certificate that cannot be read
    ) as error:
        raise unusable(conn_id, str(error).rstrip(".")) from error
    except yaml.YAMLError:
        # Half written, perhaps. The parser's words may quote what it read.
        raise unusable(conn_id, "its kube config is no YAML") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Empty while it is written anew, or none at all: the clients trip over it.
        kind = type(error).__name__
        raise unusable(conn_id, f"its kube config cannot be read ({kind})") from None


def open_cubes(conn_id: str) -> Cubes:
    """Return the DataCubes behind an Airflow connection; its namespace is the default one."""
    client, namespace = _open(conn_id)
    return Cubes(kubernetes.client.CustomObjectsApi(client), conn_id, namespace)


def open_secrets(conn_id: str) -> Secrets:
    """Return the Secrets behind it, in the same way."""
    client, namespace = _open(conn_id)
    return Secrets(kubernetes.client.CoreV1Api(client), conn_id, namespace)


def _open(conn_id: str) -> tuple[kubernetes.client.ApiClient, str]:
    with _connection_errors(conn_id):
        # Told by its connection, the hook would turn verification off for the whole process.
        hook = KubernetesHook(conn_id=conn_id, disable_verify_ssl=False)
        if not _says(hook.conn_extras, "in_cluster"):
            # Without a configuration of its own the hook would take, and leave, the process's
            # default one: with two connections, the wrong cluster. In-cluster it knows no other.
            hook.client_configuration = kubernetes.client.Configuration()
        client = hook.get_conn()
        if _says(hook.conn_extras, "disable_verify_ssl"):
            client.configuration.verify_ssl = False
            client = kubernetes.client.ApiClient(client.configuration)
        return client, hook.get_namespace() or "default"


@asynccontextmanager
async def connect(conn_id: str) -> AsyncIterator[AsyncCubes]:
    """Open the DataCubes behind an Airflow connection for an event loop, with fresh credentials."""
    async with AsyncExitStack() as stack:
        with _connection_errors(conn_id):
            hook = AsyncKubernetesHook(conn_id=conn_id)
            extras = await hook.get_conn_extras()
            if _is_in_cluster_by_default(extras):
                hook.in_cluster = True
            client = await stack.enter_async_context(hook.get_conn())
        if _says(extras, "disable_verify_ssl"):  # the cncf hook reads it when blocking only
            client.configuration.verify_ssl = False
            client = await stack.enter_async_context(
                kubernetes_asyncio.client.ApiClient(client.configuration)
            )
        namespace = str(_extra(extras, "namespace") or "default")
        yield AsyncCubes(kubernetes_asyncio.client.CustomObjectsApi(client), conn_id, namespace)


def _extra(extras: Mapping[str, Any], field: str) -> Any:
    return extras.get(field) or extras.get(f"extra__kubernetes__{field}") or None


def _says(extras: Mapping[str, Any], flag: str) -> bool:
    return str(_extra(extras, flag)).lower() in ("true", "1", "yes")


def _is_in_cluster_by_default(extras: Mapping[str, Any]) -> bool:
    """
    Tell whether an empty connection means the cluster that this process runs in.

    The blocking cncf hook tries that first, the asynchronous one does not: a task would start on
    the worker and fail in the triggerer.
    """
    if any(_extra(extras, field) for field in ("in_cluster", "kube_config_path", "kube_config")):
        return False
    try:
        kubernetes_asyncio.config.load_incluster_config(  # type: ignore[no-untyped-call]  # theirs
            client_configuration=kubernetes_asyncio.client.Configuration()
        )
    except kubernetes_asyncio.config.ConfigException:
        return False
    return True
