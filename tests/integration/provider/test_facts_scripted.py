"""Looking around where an API server is slow, broken or strict: bounded, and without an error."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from airflow_provider_datacube._blocking import run
from airflow_provider_datacube._clients.facts import Patience, facts_of
from airflow_provider_datacube._events import to_error_event
from airflow_provider_datacube._explanation import explain
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.reference import CubeRef
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datacube._facts import Facts

REF = CubeRef("default", "weights", "u-1")
POD = "weights-batchjob-x7k2p"
CUBE = {
    "metadata": {"namespace": "default", "name": "weights", "uid": "u-1"},
    "spec": {"source": {"type": "git"}, "sink": {"type": "pvc", "pvc": {"name": "data"}}},
    "status": {"pod": {"reference": {"name": POD}}},
}
RUNNING = {
    "metadata": {"name": POD, "creationTimestamp": "2026-11-24T19:25:00Z"},
    "status": {
        "phase": "Running",
        "containerStatuses": [{"name": "main", "state": {"running": {}}}],
    },
}
EVENT = {
    "metadata": {"creationTimestamp": "2026-11-24T19:25:00Z"},
    "involvedObject": {"kind": "Pod", "name": POD},
    "reason": "Killing",
}
QUICK = Patience(answer_s=1.5)  # which a healthy answer needs on no machine
KINDS = ("cube", "pod", "events", "log")


@dataclass
class Server:
    """Answers by what is asked for, as a healthy one does unless it is told otherwise."""

    answers: dict[str, Callable[[web.Request], Any]] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    def pop(self, _: int) -> Callable[[web.Request], Any]:
        return self.answer

    def answer(self, request: web.Request) -> Any:
        self.asked.append(request)
        return self.answers.get(self.kind(request.path), self.healthy)(request)

    @staticmethod
    def kind(path: str) -> str:
        if path.endswith("/log"):
            return "log"
        words = {"datacubes": "cube", "pods": "pod", "events": "events"}
        return next(kind for word, kind in words.items() if f"/{word}" in path)

    def healthy(self, request: web.Request) -> web.Response:
        kind = self.kind(request.path)
        if kind == "log":
            return web.Response(text="half\nalmost\n")
        listed = {"items": [RUNNING]} if request.path.endswith("/pods") else RUNNING
        said = {"cube": CUBE, "pod": listed, "events": {"items": [EVENT]}}[kind]
        return web.json_response(said)


async def silent(request: web.Request) -> web.Response:
    # Nobody tells that a client has left.
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(256):
        await response.write(b"x" * 65536 + b"\n")
    return response


def dropping(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def saying(status: int, text: str = "{}") -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(status=status, text=text)


FAULTS = {
    "silent": (silent, "no answer within 1.5 seconds"),
    "dripping": (dripping, "no answer within 1.5 seconds"),
    "endless": (endless, "the answer is longer than 2097152 bytes"),
    "dropped": (dropping, "the API server cannot be reached (ServerDisconnectedError)"),
    "401": (saying(401), "the API server answered 401 Unauthorized"),
    "403": (saying(403, '{"message": "canary-secret"}'), "403 Forbidden"),
    "404": (saying(404), "it is gone"),
    "429": (saying(429), "the API server answered 429 Too Many Requests"),
    "500": (saying(500, "canary-secret"), "the API server answered 500 Internal Server Error"),
}
NONSENSE = ["", "nonsense", "[]", "7", "{}", '{"items": 7}', '{"items": [{}]}', "[" * 50_000]
NONSENSE += [json.dumps({"metadata": {"name": 7}, "status": "odd", "spec": 1})]


@pytest.fixture
def server(script: Any) -> Server:
    script.answers = Server()
    return script.answers  # type: ignore[no-any-return]  # it was just made


@pytest.fixture
def conn(script: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]) -> str:
    return connection(kube_config_path=kubeconfig_for(script.url))


@pytest.fixture
def look(conn: str) -> Callable[..., Facts]:
    def look(pod: str = "", patience: Patience = QUICK) -> Facts:
        began = time.monotonic()
        facts = run(facts_of(conn, REF, pod, patience))
        assert time.monotonic() - began < 15
        return facts

    return look


def test_a_healthy_server_tells_all(server: Server, look: Callable[..., Facts]) -> None:
    facts = look()
    assert facts.missing == ()
    assert facts.log == ("half", "almost")
    assert facts.pod is not None
    assert facts.pod.name == POD
    assert len(facts.events) == 4
    selectors = {request.query.get("fieldSelector") for request in server.asked}
    assert selectors - {None} == {
        "involvedObject.uid=u-1",
        "involvedObject.kind=Job,involvedObject.name=weights-batchjob",
        f"involvedObject.kind=Pod,involvedObject.name={POD}",
        "involvedObject.kind=PersistentVolumeClaim,involvedObject.name=data",
    }
    (log,) = [request for request in server.asked if request.path.endswith("/log")]
    assert dict(log.query) == {"container": "main", "tailLines": "20", "limitBytes": "327680"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_wrong_is_missing_and_the_rest_is_there(
    server: Server, look: Callable[..., Facts], kind: str, fault: str
) -> None:
    server.answers[kind], why = FAULTS[fault]
    facts = look(pod=POD)
    assert {missing.why for missing in facts.missing} == {why}
    assert (facts.outcome is None) == (kind == "cube")
    assert (facts.pod is None) == (kind == "pod")
    assert bool(facts.events) == (kind != "events")
    assert bool(facts.log) == (kind != "log")
    assert "canary" not in repr(facts)


@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize("kind", ["cube", "pod", "events"])
def test_an_answer_that_makes_no_sense_is_missing_or_means_nothing(
    server: Server, look: Callable[..., Facts], kind: str, text: str
) -> None:
    server.answers[kind] = saying(200, text)
    facts = look(pod=POD)
    assert {missing.why for missing in facts.missing} <= {"the answer is not understood"}
    assert facts.log == ("half", "almost")


def test_a_log_of_no_text_at_all_is_shown_as_well_as_can_be(
    server: Server, look: Callable[..., Facts]
) -> None:
    server.answers["log"] = lambda _: web.Response(body=b"\xff\xfe\x00binary\n")
    assert look().log == ("��\x20binary",)


def test_a_right_that_is_lacking_is_named(server: Server, look: Callable[..., Facts]) -> None:
    for kind in KINDS:
        server.answers[kind] = saying(403)
    _, told = explain(errors.DataCubeTimeoutError(REF, 5), look()).cause.splitlines()
    assert told == (
        "  missing    Events, the DataCube, the pod: this account may not get "
        "datacubes.tensorstack.dev, list events, list pods (allow it, to be told more)"
    )


def test_all_of_it_has_an_end_and_what_was_found_until_then_is_kept(
    server: Server, look: Callable[..., Facts]
) -> None:
    server.answers["pod"] = silent
    facts = look(patience=Patience(answer_s=20, all_s=1))
    assert [missing.what for missing in facts.missing] == ["the rest"]
    assert facts.outcome is not None
    assert len(facts.events) == 3


def test_a_name_that_does_not_resolve_is_not_waited_for(
    connection: Callable[..., str],
    kubeconfig_for: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conn = connection(kube_config_path=kubeconfig_for("https://api.example.org:6443"))
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(30))
    began = time.monotonic()
    try:
        facts = run(facts_of(conn, REF, "", Patience(answer_s=20, all_s=1)))
        assert time.monotonic() - began < 15
        assert [missing.what for missing in facts.missing] == ["the rest"]
    finally:
        released.set()


def test_a_namesake_says_nothing(server: Server, look: Callable[..., Facts]) -> None:
    other = {**CUBE, "metadata": {**CUBE["metadata"], "uid": "u-2"}}  # type: ignore[dict-item]
    server.answers["cube"] = lambda _: web.json_response(other)
    assert look().outcome is None


def test_a_pod_that_no_status_names_is_found_by_its_job(
    server: Server, look: Callable[..., Facts]
) -> None:
    server.answers["cube"] = lambda _: web.json_response({**CUBE, "status": {}})
    older = {**RUNNING, "metadata": {"name": "older", "creationTimestamp": "2026-01-01T00:00:00Z"}}
    listed = {"items": [RUNNING, older]}
    server.answers["pod"] = lambda _: web.json_response(listed)
    facts = look()
    assert facts.pod is not None
    assert facts.pod.name == POD
    (search,) = [request for request in server.asked if request.path.endswith("/pods")]
    assert search.query["labelSelector"] == "job-name=weights-batchjob"
    server.answers["pod"] = lambda _: web.json_response({"items": []})
    assert [str(missing.why) for missing in look().missing] == ["there is none"]


def test_a_container_that_has_not_started_has_no_log_to_ask_for(
    server: Server, look: Callable[..., Facts]
) -> None:
    waiting = {"name": "main", "state": {"waiting": {"reason": "ErrImagePull"}}}
    pod = {**RUNNING, "status": {"containerStatuses": [waiting]}}
    server.answers["pod"] = lambda _: web.json_response(pod)
    assert look().missing == ()
    assert not any(request.path.endswith("/log") for request in server.asked)


def test_no_server_is_all_missing(
    connection: Callable[..., str], kubeconfig_for: Callable[..., str], tmp_path: Any
) -> None:
    conn = connection(kube_config_path=kubeconfig_for("http://127.0.0.1:1"))
    facts = asyncio.run(facts_of(conn, REF, POD, QUICK))
    assert {missing.why for missing in facts.missing} == {
        "the API server cannot be reached (ClientConnectorError)"
    }
    nowhere = connection(kube_config_path=str(tmp_path / "absent"))
    facts = asyncio.run(facts_of(nowhere, REF, POD, QUICK))
    (missing,) = facts.missing
    assert missing.what == "everything"
    assert "connection 'k8s' cannot be used" in missing.why


@pytest.mark.parametrize("fault", ["silent", "500", "endless", "dropped", "403"])
def test_the_tasks_error_survives_a_cluster_that_is_broken(
    server: Server, conn: str, fault: str
) -> None:
    for kind in KINDS:
        server.answers[kind] = FAULTS[fault][0]
    task = DataCubeOperator(
        task_id="fetch",
        kubernetes_conn_id=conn,
        source=Git(url="https://git.example.org/a.git"),
        sink=PVC("data"),
        on_kill_action="keep_datacube",
    )
    began = time.monotonic()
    event = to_error_event(REF, errors.DataCubeTimeoutError(REF, 60))
    with pytest.raises(errors.DataCubeTimeoutError) as caught:
        task.execute_complete({"ti": TaskInstance()}, event)  # type: ignore[typeddict-item]
    assert str(caught.value) == "DataCube default/weights did not end within 60 seconds"
    assert time.monotonic() - began < 25
