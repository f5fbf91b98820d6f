"""
The only module that talks to Kubernetes: four verbs and a watch, in the colours of both clients.

It is also the only one that imports ``kubernetes``, ``kubernetes_asyncio`` and the cncf provider's
hooks. Together they cost seconds and 110 MB, which a DAG that is only parsed must not pay, so
nobody imports this module but ``_connecting``, when the first request is made. How to connect is
left to those hooks, so that every kind of ``kubernetes`` connection works. Both clients' exceptions
end here, in one context manager that wraps awaits just as well.
"""

from __future__ import annotations

import random
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import kubernetes.client
import kubernetes.config
import kubernetes_asyncio.client
import kubernetes_asyncio.config
import urllib3.exceptions
import yaml
from airflow.providers.cncf.kubernetes.hooks.kubernetes import (
    AsyncKubernetesHook,
    KubernetesHook,
)

from airflow_provider_datacube._compat import AirflowException
from airflow_provider_datacube._refusals import Request, refused, unreachable, unusable
from airflow_provider_datacube._watchlines import lines_of, watch_event
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError
from datacube_api.reference import CubeRef, collection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

    from airflow_provider_datacube._watching import Cube

_CONNECT_S, _ANSWER_S = 5, 30
_PAGE = 500
# The server ends a watch after this long, each at its own moment; nothing at all for so long
# (not even a bookmark, which a real one sends every minute) is taken for a dead connection.
_WATCH_S = (240, 300)
_SILENCE_S = 75


@contextmanager
def api_errors(request: Request) -> Iterator[None]:
    """
    Turn what either client raises into our errors. Not async: it wraps awaits just as well.

    :raises DataCubeApiError: or one of its kinds.
    """
    try:
        yield
    except (
        kubernetes.client.ApiException,
        kubernetes_asyncio.client.ApiException,
    ) as error:
        body = error.body
        # Airflow prints the causes of an error too, and a server's complaint may quote a value.
        error.body = error.headers = None
        raise refused(request, error.status or 0, body) from error
    except (urllib3.exceptions.HTTPError, aiohttp.ClientError, OSError) as error:
        cause = getattr(error, "reason", error)
        untrusted = isinstance(cause, urllib3.exceptions.SSLError | aiohttp.ClientSSLError)
        raise unreachable(request, type(cause).__name__, untrusted=untrusted) from error


@contextmanager
def _connection_errors(conn_id: str) -> Iterator[None]:
    """Say which connection it is that leads nowhere."""
    try:
        yield
    except (
        AirflowException,
        kubernetes.config.ConfigException,
        kubernetes_asyncio.config.ConfigException,
        FileNotFoundError,
    ) as error:
        raise unusable(conn_id, str(error).rstrip(".")) from error
    except yaml.YAMLError:
        # Half written, perhaps. The parser's words may quote what it read.
        raise unusable(conn_id, "its kube config is no YAML") from None


class Cubes:
    """The DataCubes behind one connection, blocking."""

    def __init__(
        self, api: kubernetes.client.CustomObjectsApi, conn_id: str, namespace: str
    ) -> None:
        self.api, self.conn_id, self.namespace = api, conn_id, namespace

    def create(self, manifest: Mapping[str, Any]) -> Cube:
        """Return the object as the API server made it."""
        ref = CubeRef(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        with api_errors(_request("create", ref, self.conn_id)):
            made: Cube = self.api.create_namespaced_custom_object(
                **collection(ref.namespace), body=dict(manifest), **_TIMES
            )
        return made

    def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""
        with api_errors(_request("get", ref, self.conn_id)):
            cube: Cube = self.api.get_namespaced_custom_object(**ref.item(), **_TIMES)
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
                **_TIMES,
            )
        return page

    def delete(self, ref: CubeRef, *, foreground: bool = False) -> None:
        """Delete this very object; it is no error that it is gone, or another's by now."""
        policy = "Foreground" if foreground else "Background"
        try:
            with api_errors(_request("delete", ref, self.conn_id)):
                self.api.delete_namespaced_custom_object(
                    **ref.item(), body=_deletion(ref, policy), **_TIMES
                )
        except (DataCubeNotFoundError, DataCubeConflictError):
            return


class AsyncCubes:
    """The DataCubes behind one connection, for an event loop."""

    def __init__(self, api: kubernetes_asyncio.client.CustomObjectsApi, conn_id: str) -> None:
        self.api, self.conn_id = api, conn_id
        self.silence_s: float = _SILENCE_S

    async def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""
        with api_errors(_request("get", ref, self.conn_id)):
            cube: Cube = await self.api.get_namespaced_custom_object(**ref.item(), **_TIMES)
        return cube

    async def delete(self, ref: CubeRef) -> None:
        """Delete this very object; it is no error that it is gone, or another's by now."""
        try:
            with api_errors(_request("delete", ref, self.conn_id)):
                await self.api.delete_namespaced_custom_object(
                    **ref.item(),
                    body=_deletion(ref),  # type: ignore[arg-type]  # a dict is sent as it is
                    **_TIMES,
                )
        except (DataCubeNotFoundError, DataCubeConflictError):
            return

    async def page(
        self, namespace: str, *, limit: int, more: str = "", label_selector: str = ""
    ) -> dict[str, Any]:
        """Return some of a namespace's objects, with the version of the whole and what is left."""
        asked = {"label_selector": label_selector, "_continue": more}
        with api_errors(Request("list", namespace, self.conn_id)):
            page: dict[str, Any] = await self.api.list_namespaced_custom_object(
                **collection(namespace),
                limit=limit,
                **{**_TIMES, **{key: value for key, value in asked.items() if value}},
            )
        return page

    async def watch(self, ref: CubeRef, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """
        Yield what happens to the object after version ``since``, until the stream ends.

        An end says nothing, whether it was the server's timeout or silence.
        """
        only = {"field_selector": f"metadata.name={ref.name}"}
        async with aclosing(
            self._events(_request("watch", ref, self.conn_id), since, only)
        ) as all_:
            async for kind, cube in all_:
                if kind != "BOOKMARK":
                    yield kind, cube

    def watch_all(self, namespace: str, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield the same for all objects of a namespace; a ``BOOKMARK`` holds a version alone."""
        return self._events(Request("watch", namespace, self.conn_id), since, {})

    async def _events(
        self, request: Request, since: str, only: dict[str, Any]
    ) -> AsyncGenerator[tuple[str, Cube], None]:
        lasts_s = random.randint(*_WATCH_S)  # noqa: S311 - spreads load
        with api_errors(request):
            response = await self.api.list_namespaced_custom_object(
                **collection(request.namespace),
                **only,
                resource_version=since,
                watch=True,
                allow_watch_bookmarks=True,
                timeout_seconds=lasts_s,
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(
                    total=lasts_s + _ANSWER_S, sock_connect=_CONNECT_S, sock_read=self.silence_s
                ),
            )
            try:
                if response.status != HTTPStatus.OK:
                    raise refused(request, response.status, await response.text())
                async with aclosing(lines_of(response.content.iter_any())) as lines:
                    async for line in lines:
                        yield watch_event(request, line)
            except TimeoutError:
                return
            finally:
                response.close()


_TIMES: Any = {"_request_timeout": (_CONNECT_S, _ANSWER_S)}


def _request(verb: str, ref: CubeRef, conn_id: str) -> Request:
    return Request(verb, ref.namespace, conn_id, ref.name)


def _deletion(ref: CubeRef, policy: str = "Background") -> dict[str, Any]:
    options: dict[str, Any] = {"propagationPolicy": policy}
    return {**options, "preconditions": {"uid": ref.uid}} if ref.uid else options


def open_cubes(conn_id: str) -> Cubes:
    """Return the DataCubes behind an Airflow connection; its namespace is the default one."""
    with _connection_errors(conn_id):
        hook = KubernetesHook(conn_id=conn_id)
        if not _says(hook.conn_extras, "in_cluster"):
            # Without a configuration of its own the hook would take, and leave, the process's
            # default one: with two connections, the wrong cluster. In-cluster it knows no other.
            hook.client_configuration = kubernetes.client.Configuration()
        api = kubernetes.client.CustomObjectsApi(hook.get_conn())
        return Cubes(api, conn_id, hook.get_namespace() or "default")


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
        yield AsyncCubes(kubernetes_asyncio.client.CustomObjectsApi(client), conn_id)


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
