from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

import yaml
from aiohttp import web
from kubernetes.client import CustomObjectsApi
from kubernetes.config import new_client_from_config

from airflow_provider_datacube._connecting import connect, open_cubes
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

GIT = {"type": "git", "options": [{"name": "url", "value": "https://git.example.org/a/repo.git"}]}
PVC = {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}}
DONE = {
    "conditions": [{"type": "Complete", "status": "True", "reason": "TransferSucceeded"}],
    "result": {"revision": "abc"},
}


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The store of the unit tests: it has to answer as a cluster does."""
    name = "provider_store"
    if name not in sys.modules:
        path = Path(__file__).parents[2] / "unit" / "provider" / "store.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An embedded cluster of its own, without a controller: the tests write the statuses."""
    data = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, "-m", "datacube_runtime.local", "start", "--data-dir", str(data)]
    process = subprocess.Popen(
        [*command, "--no-controller"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready:")
    yield data / "kubeconfig"
    process.send_signal(signal.SIGTERM)
    process.wait(15)
    process.stdout.close()


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make an Airflow connection out of extras; return its id."""

    def make(conn_id: str = "k8s", **extra: Any) -> str:
        value = json.dumps({"conn_type": "kubernetes", "extra": extra})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
        return conn_id

    return make


@pytest.fixture
def conn_id(connection: Callable[..., str], kubeconfig: Path) -> str:
    return connection(kube_config_path=str(kubeconfig))


class Cluster:
    """The embedded cluster through the real clients, with the verbs of the store."""

    def __init__(self, conn_id: str, kubeconfig: Path) -> None:
        cubes = open_cubes(conn_id)
        self.create, self.read, self.list, self.patch, self.delete = (
            cubes.create,
            cubes.read,
            cubes.list,
            cubes.patch,
            cubes.delete,
        )
        self.conn_id = conn_id
        self.api = CustomObjectsApi(new_client_from_config(str(kubeconfig)))

    def connect(self) -> Any:
        return connect(self.conn_id)

    def set_status(self, ref: CubeRef, status: Mapping[str, Any]) -> None:
        self.api.patch_namespaced_custom_object_status(**ref.item(), body={"status": dict(status)})


@pytest.fixture
def cluster(conn_id: str, kubeconfig: Path) -> Iterator[Cluster]:
    cluster = Cluster(conn_id, kubeconfig)
    yield cluster
    for cube in cluster.list("default"):
        cluster.delete(CubeRef.of(cube))
    cluster.api.api_client.close()


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "apiVersion": "tensorstack.dev/v1beta1",
        "kind": "DataCube",
        "metadata": {"namespace": "default", "name": "weights"},
        "spec": {"source": GIT, "sink": PVC},
    }


@dataclass
class Script:
    """An API server that says what it is told to, over plain HTTP."""

    url: str
    answers: list[Callable[[web.Request], Any]] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def say(self, status: int, body: Any = None) -> None:
        """Answer one more request with a status and JSON (or text)."""
        text = body if isinstance(body, str) else json.dumps(body or {})
        self.answers.append(lambda _: web.Response(status=status, text=text))

    def stream(self, *lines: Any, cut: bool = False) -> None:
        """Answer one more request with a watch of these lines; ``cut``: drop the connection."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for line in lines:
                text = line if isinstance(line, str) else json.dumps(line)
                await response.write(f"{text}\n".encode())
            if cut:
                assert request.transport is not None
                request.transport.abort()
            return response

        self.answers.append(handler)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.tokens.append(request.headers.get("Authorization", ""))
        answer = self.answers.pop(0)(request)
        said: web.StreamResponse = await answer if asyncio.iscoroutine(answer) else answer
        return said


@pytest.fixture
def script() -> Iterator[Script]:
    """Run the scripted server in a thread of its own: the blocking client blocks."""
    script = Script("")
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", script.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield script
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def kubeconfig_for(tmp_path: Path) -> Callable[..., str]:
    """Write a kubeconfig for a server; return its path."""

    def write(server: str, token: str = "t-1", **cluster: Any) -> str:  # noqa: S107 - no secret
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "x", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return str(path)

    return write


@pytest.fixture
def airflow(tmp_path: Path, conn_id: str) -> dict[str, str]:
    """The environment of an Airflow of its own, with a migrated database."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).with_name("dags")),
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"],
        "AIRFLOW__DATACUBE__LINK_URL": "https://d.example.org/{namespace}/{name}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, env=env, check=True, capture_output=True, timeout=120)
    return env


@pytest.fixture
def controller(cluster: Any) -> Iterator[None]:
    """Write a happy end under every DataCube that appears."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.2):
            for cube in cluster.list("default"):
                if "status" not in cube:
                    cluster.set_status(CubeRef.of(cube), DONE)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()
