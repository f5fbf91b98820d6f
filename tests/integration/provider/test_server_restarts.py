from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.client import CustomObjectsApi
from kubernetes.config import new_client_from_config

from airflow_provider_datacube._connecting import connect, open_cubes
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api.reference import CubeRef
from tests.waiting import until_soon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType


class Server:
    """An embedded cluster that can be killed and started again on the same data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "datacube_runtime.local", "start", "--no-controller"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready:")

    def stop(self, how: signal.Signals) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(how)
        self.process.wait(15)
        self.process.stdout.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop(signal.SIGTERM)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_wait_outlives_the_api_server(
    server: Server,
    connection: Callable[..., str],
    manifest: dict[str, Any],
    fakes: ModuleType,
    how: signal.Signals,
) -> None:
    kubeconfig = str(server.data / "kubeconfig")
    conn_id = connection(kube_config_path=kubeconfig)
    ref = CubeRef.of(open_cubes(conn_id).create(manifest))
    log, pace = fakes.Quiet(), Pace(first_pause_s=0.05, longest_pause_s=0.2)
    waiting = asyncio.create_task(
        wait_until_terminal(lambda: connect(conn_id), ref, pace=pace, limit=Limit(), log=log)
    )
    await until_soon(lambda: any("Pending" in line for line in log.lines))
    await asyncio.to_thread(server.stop, how)
    await until_soon(lambda: any("cannot reach" in line for line in log.lines))
    await asyncio.to_thread(server.start)
    api = CustomObjectsApi(new_client_from_config(kubeconfig))
    api.patch_namespaced_custom_object_status(**ref.item(), body={"status": fakes.COMPLETE})
    api.api_client.close()
    async with asyncio.timeout(20):
        assert (await waiting)["status"] == fakes.COMPLETE
