"""
The servers that scripts are played at: the embedded one in this process, or any by its kubeconfig.

Both serve the DataCube definition of this repository: a real server that plays the scripts also
proves that it takes the definition, and that the definition is Established there.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import ClientSession, TCPConnector, web
from kubernetes_asyncio import client, config

from datacube_api.crd import crd
from datacube_runtime.local.apiserver.server import HOST, application
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store
from datacube_runtime.local.version import KUBERNETES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_TOKEN = "conformance"
_WINDOW = 24  # so small that a script soon asks for a version that is forgotten
_PATIENCE_S = 30.0
_PAUSE_S = 0.2
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True)
class Server:
    """Where requests go, with what proves who asks."""

    http: ClientSession
    base: str
    version: str
    has_controllers: bool = True
    """Of a real cluster: they furnish a namespace, and collect garbage in their own time."""
    is_embedded: bool = False
    has_nodes: bool = False
    """Whether somebody places and runs pods: answers about them depend on the moment then."""


@asynccontextmanager
async def embedded(data: Path) -> AsyncIterator[Server]:
    """Serve an empty embedded API server without a runner: nothing happens by itself in it."""
    store = Store(data / "state.db", window=_WINDOW)
    registry = Registry(store)
    install(registry, crd())
    app = application(registry, _TOKEN, lambda *_: data / "no.log")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        async with ClientSession(headers={"Authorization": f"Bearer {_TOKEN}"}) as http:
            yield Server(
                http,
                f"http://{HOST}:{runner.addresses[0][1]}",
                "embedded",
                has_controllers=False,
                is_embedded=True,
            )
    finally:
        await runner.cleanup()
        store.close()


@asynccontextmanager
async def real(kubeconfig: Path) -> AsyncIterator[Server]:
    """Reach the server of a kubeconfig's current context, and define DataCubes there."""
    known = client.Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=known)
    context = ssl.create_default_context(cafile=known.ssl_ca_cert)
    if known.cert_file:
        context.load_cert_chain(known.cert_file, known.key_file)
    base = str(known.host)
    bearer = await known.get_api_key_with_prefix("BearerToken")
    headers = {"Authorization": bearer} if bearer else {}
    async with ClientSession(headers=headers, connector=TCPConnector(ssl=context)) as http:
        async with http.get(f"{base}/version") as response:
            version = (await response.json())["gitVersion"]
        await _define(http, base)
        await _until_served(http, f"{base}/apis/tensorstack.dev/v1beta1/datacubes")
        async with http.get(f"{base}/api/v1/nodes?limit=1") as response:
            nodes = (await response.json())["items"]
        is_embedded = version == KUBERNETES
        yield Server(http, base, version, is_embedded=is_embedded, has_nodes=bool(nodes))


async def _define(http: ClientSession, base: str) -> None:
    """Create the definition or bring it up to date; :raises RuntimeError: it is refused."""
    definition = crd()
    body = json.dumps(definition)
    headers = {"Content-Type": "application/json"}
    async with http.post(base + _DEFINITIONS, data=body, headers=headers) as response:
        status, said = response.status, await response.text()
    if status == 409:
        place = f"{base}{_DEFINITIONS}/{definition['metadata']['name']}"
        patch = json.dumps({"spec": definition["spec"]})
        headers = {"Content-Type": "application/merge-patch+json"}
        async with http.patch(place, data=patch, headers=headers) as response:
            status, said = response.status, await response.text()
    if status >= 300:
        raise RuntimeError(f"the server refuses the definition of DataCubes: {said}")


async def _until_served(http: ClientSession, place: str) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            async with http.get(place) as response:
                if response.status == 200:
                    return
            await asyncio.sleep(_PAUSE_S)
