from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from kubernetes_asyncio import client as k8s
from kubernetes_asyncio.client.exceptions import ApiException
from kubernetes_asyncio.config import new_client_from_config
from kubernetes_asyncio.watch import Watch

from datacube_api.reference import collection
from datacube_runtime.local.apiserver.server import HOST, application
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Make = Any
CUBES = collection("default")


async def test_a_datacube_is_created_watched_and_resumed(cluster: Any, cube: Make) -> None:
    async with await new_client_from_config(str(cluster.kubeconfig)) as api:
        cubes = k8s.CustomObjectsApi(api)
        listed = await cubes.list_namespaced_custom_object(**CUBES)
        await cubes.create_namespaced_custom_object(**CUBES, body=cube("async"))
        status = {"status": {"phase": "Running"}}
        item = {**CUBES, "name": "async"}
        await cubes.patch_namespaced_custom_object_status(
            **item, body=status, _content_type="application/merge-patch+json"
        )
        since = listed["metadata"]["resourceVersion"]
        first = await _events(cubes, since, 1)
        again = await _events(cubes, first[0]["object"]["metadata"]["resourceVersion"], 1)
        assert [first[0]["type"], again[0]["type"]] == ["ADDED", "MODIFIED"]
        assert again[0]["object"]["status"] == {"phase": "Running"}
        await cubes.delete_namespaced_custom_object(**item)


async def _events(cubes: k8s.CustomObjectsApi, since: str, count: int) -> list[dict[str, Any]]:
    seen = []
    async with Watch() as watch:
        stream = watch.stream(
            cubes.list_namespaced_custom_object,
            **CUBES,
            resource_version=since,
            timeout_seconds=10,
        )
        async for event in stream:
            seen.append(event)
            if len(seen) == count:
                break
    return seen


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[k8s.ApiClient]:
    """Serve a cluster that remembers four changes, over plain HTTP."""
    store = Store(tmp_path / "db", window=4)
    app = application(Registry(store), "token", lambda *_: tmp_path / "log")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    configuration = k8s.Configuration(host=f"http://{HOST}:{runner.addresses[0][1]}")
    configuration.api_key = {"BearerToken": "token"}
    configuration.api_key_prefix = {"BearerToken": "Bearer"}
    async with k8s.ApiClient(configuration) as client:
        yield client
    await runner.cleanup()
    store.close()


async def test_a_watch_from_a_forgotten_version_ends_with_410(forgetful: k8s.ApiClient) -> None:
    core = k8s.CoreV1Api(forgetful)
    for number in range(8):
        meta = k8s.V1ObjectMeta(name=f"m{number}")
        await core.create_namespaced_config_map("default", k8s.V1ConfigMap(metadata=meta))

    async def watch() -> None:
        async with Watch() as stream:
            args = {"resource_version": "1", "timeout_seconds": 5}
            async for _ in stream.stream(core.list_namespaced_config_map, "default", **args):
                pytest.fail("nothing may be told")

    with pytest.raises(ApiException) as caught:
        await watch()
    assert caught.value.status == 410
