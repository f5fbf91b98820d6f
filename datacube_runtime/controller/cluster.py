"""
The one module that talks to the API server.

kubernetes_asyncio brings what is not worth writing again: kubeconfig, in-cluster account, exec
plugins, TLS. Its models, its watch and its patches are not used: objects stay the dicts they are on
the wire, a watch is followed with bookmarks and a limit on silence, and a patch says which kind it
is (the client would send a dict as a JSON patch).

Whatever goes wrong comes out as ``ApiError`` or ``DataCubeUnavailableError``; no error of a client
leaves this module.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import random
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import ClientError, ClientTimeout
from kubernetes_asyncio.client.api_client import ApiClient
from kubernetes_asyncio.client.configuration import Configuration
from kubernetes_asyncio.config import (
    ConfigException,
    load_incluster_config,
    load_kube_config,
)

from datacube_api.errors import DataCubeError, DataCubeUnavailableError
from datacube_runtime.controller.api import CUBES, ApiError, Resource, Snapshot, WatchEvent

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Iterator,
        Mapping,
    )

    from aiohttp import ClientResponse

    from datacube_runtime.controller.objects import Key, Obj

_PAGE = 500
_REQUEST = ClientTimeout(total=60, sock_connect=10)
# A watch that says nothing for so long is dead, whatever the connection claims: bookmarks come
# about once a minute. The server ends it after 240 to 300 s, jittered, so that not all watches of
# a cluster come back at the same moment.
_WATCH = ClientTimeout(total=None, sock_connect=10, sock_read=90)
_WATCH_S = (240, 300)
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"


class Cluster:
    """``Api`` over HTTP."""

    def __init__(
        self, client: Any, log_in: Callable[[], Awaitable[None]], page: int = _PAGE
    ) -> None:
        self._client = client
        self._log_in = log_in
        self._page = page

    async def list(
        self, resource: Resource, namespace: str | None, selector: str | None = None
    ) -> Snapshot:
        """Return all objects, read in pages."""
        query = {"limit": str(self._page)}
        if wanted := resource.selector if selector is None else selector:
            query["labelSelector"] = wanted
        items: list[Obj] = []
        while True:
            page = await self._json("GET", resource.path(namespace), query)
            items += page["items"]
            if not (more := page["metadata"].get("continue")):
                return Snapshot(tuple(items), page["metadata"]["resourceVersion"])
            query["continue"] = more

    async def watch(
        self, resource: Resource, namespace: str | None, since: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what changes after a version, until the server ends it."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(random.randint(*_WATCH_S)),  # noqa: S311 - jitter
        }
        if resource.selector:
            query["labelSelector"] = resource.selector
        path = resource.path(namespace)
        async with self._answer("GET", path, query, timeout=_WATCH) as answer:
            async for line in answer.content:
                event = json.loads(line)
                if event["type"] == "ERROR":  # a Status, 410 above all, inside of a 200
                    raise _refusal(event["object"], HTTPStatus.INTERNAL_SERVER_ERROR)
                yield WatchEvent(event["type"], event["object"])

    async def read(self, resource: Resource, key: Key) -> Obj | None:
        """Return the object as it is now, not as a cache may have it."""
        try:
            found: Obj = await self._json("GET", resource.path(key.namespace, key.name))
        except ApiError as error:
            if error.is_not_found:
                return None
            raise
        return found

    async def create(self, resource: Resource, manifest: Mapping[str, Any]) -> Obj:
        """Create an object."""
        path = resource.path(manifest["metadata"]["namespace"])
        created: Obj = await self._json("POST", path, body=manifest)
        return created

    async def patch_status(self, cube: Obj, status: Mapping[str, Any]) -> Obj:
        """Merge a status; with the version that was read, so that no newer one is lost."""
        meta = cube["metadata"]
        path = CUBES.path(meta["namespace"], meta["name"], "status")
        body = {
            "metadata": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]},
            "status": status,
        }
        patched: Obj = await self._json("PATCH", path, body=body, content_type=_MERGE_PATCH)
        return patched

    async def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content_type: str = _JSON,
    ) -> dict[str, Any]:
        request = self._answer(method, path, query, body=body, content_type=content_type)
        async with request as answer:
            said: dict[str, Any] = json.loads(await answer.read())
            return said

    @asynccontextmanager
    async def _answer(  # noqa: PLR0913 - what makes up a request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content_type: str = _JSON,
        timeout: ClientTimeout = _REQUEST,  # noqa: ASYNC109 - aiohttp's, it times each step
    ) -> AsyncIterator[ClientResponse]:
        async def send() -> ClientResponse:
            answer: ClientResponse = await self._client.call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params={"Content-Type": content_type, "Accept": _JSON},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=timeout,
            )
            return answer

        with _no_answer_is_an_error(method, path):
            answer = await send()
            if answer.status == HTTPStatus.UNAUTHORIZED:  # a token has run out: get the next one
                answer.close()
                await self._log_in()
                answer = await send()
            try:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise _refusal(_parsed(await answer.read()), answer.status)
                yield answer
            finally:
                answer.close()


@asynccontextmanager
async def connected(kubeconfig: str | None) -> AsyncIterator[Cluster]:
    """
    Yield the cluster of a kubeconfig file, or the one whose pod this is.

    :raises DataCubeError: there is no such configuration.
    """
    configuration = Configuration()

    async def log_in() -> None:
        if kubeconfig is None:
            load_incluster_config(  # type: ignore[no-untyped-call]  # the client has no types here
                client_configuration=configuration
            )
        else:
            await load_kube_config(
                kubeconfig, client_configuration=configuration, persist_config=False
            )

    try:
        await log_in()
    except (ConfigException, OSError, yaml.YAMLError) as error:
        where = f"kubeconfig {kubeconfig}" if kubeconfig else "in-cluster configuration"
        raise DataCubeError(f"no cluster to talk to: {where}: {error}") from error
    async with ApiClient(configuration) as client:
        yield Cluster(client, log_in)


@contextmanager
def _no_answer_is_an_error(method: str, path: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, ConfigException, OSError, TimeoutError, ValueError) as error:
        # str(), never repr(): that of some of these holds the request's headers, the token in them.
        why = str(error) or type(error).__name__
        text = f"{method} {path}: no usable answer from the API server: {why}"
        raise DataCubeUnavailableError(text, 0) from error


def _refusal(status: Mapping[str, Any], http_status: int) -> ApiError:
    message = status.get("message") or "the API server gave no message"
    return ApiError(int(status.get("code") or http_status), status.get("reason") or "", message)


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the Status in an answer; a proxy in between may have answered something else."""
    try:
        status = json.loads(body)
    except ValueError:
        status = None
    return status if isinstance(status, dict) else {}
