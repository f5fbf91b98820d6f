"""The operator's two writes, against an API server that refuses the second."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_datacube.hooks.datacube_secret import DataCubeSecretHook
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

UID = "u-1"
CANARY = "canary-git"


class Server:
    """The scripted server, with what it was sent."""

    def __init__(self, script: Any) -> None:
        self.script = script
        self.sent: list[tuple[str, str, Any]] = []

    def answer(self, status: int, body: Callable[[Any], Any] = lambda _: {}) -> None:
        async def handle(request: web.Request) -> web.Response:
            sent = json.loads(await request.text() or "null")
            self.sent.append((request.method, request.path.rpartition("default/")[2], sent))
            return web.json_response(body(sent), status=status)

        self.script.answers.append(handle)


@pytest.fixture
def server(script: Any) -> Server:
    return Server(script)


@pytest.fixture
def conn(script: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]) -> str:
    return connection(kube_config_path=kubeconfig_for(script.url))


@pytest.fixture
def task(conn: str, monkeypatch: pytest.MonkeyPatch) -> DataCubeOperator:
    given = {"conn_type": "git", "password": CANARY}
    monkeypatch.setenv("AIRFLOW_CONN_GIT_C", json.dumps(given))
    return DataCubeOperator(
        task_id="fetch",
        source=Git(url="https://git.example.org/a/x.git"),
        sink=PVC("data"),
        conn_id="git_c",
        kubernetes_conn_id=conn,
        deferrable=True,
    )


def made(sent: Any) -> Any:
    return {**sent, "metadata": {**sent["metadata"], "uid": UID, "resourceVersion": "7"}}


def test_a_forbidden_secret_leaves_no_datacube_behind(
    server: Server, task: DataCubeOperator
) -> None:
    server.answer(201, made)
    server.answer(403)
    server.answer(200, lambda _: made(server.sent[0][2]))
    server.answer(200)
    words = "Secret default/.*: 403 .* grant it the verb 'create' on secrets there"
    with pytest.raises(AirflowFailException, match=words):
        task.execute({"ti": TaskInstance()})  # type: ignore[typeddict-item]  # what it needs
    (_, _, cube), (_, where, secret), (looked, _, _), (verb, deleted, options) = server.sent
    assert looked == "GET"
    assert where == "secrets"
    assert secret["metadata"]["ownerReferences"][0]["uid"] == UID
    assert (verb, deleted) == ("DELETE", f"datacubes/{cube['metadata']['name']}")
    assert options["preconditions"] == {"uid": UID, "resourceVersion": "7"}
    assert CANARY not in json.dumps(cube)


def test_an_answer_that_was_lost_makes_no_second_secret(
    server: Server, task: DataCubeOperator
) -> None:
    server.answer(201, made)
    server.answer(503)  # it was made, and nobody heard of it
    server.answer(409, lambda _: {"reason": "AlreadyExists"})
    server.answer(200, lambda _: server.sent[1][2] | {"metadata": named(server.sent[1][2])})
    task._pauses_s = (0.0,)  # type: ignore[misc]  # no pause in a test
    with pytest.raises(TaskDeferred):
        task.execute({"ti": TaskInstance()})  # type: ignore[typeddict-item]  # what it needs
    verbs = [(verb, where.partition("/")[0]) for verb, where, _ in server.sent]
    assert verbs == [("POST", "datacubes"), *[("POST", "secrets")] * 2, ("GET", "secrets")]


def named(secret: Any) -> Any:
    return {**secret["metadata"], "uid": "s-1"}


def test_the_hook_of_secrets_reads_a_renewed_token(
    server: Server, script: Any, conn: str, kubeconfig_for: Callable[..., str]
) -> None:
    hook = DataCubeSecretHook(conn)
    assert hook.namespace == "default"
    kubeconfig_for(script.url, token="t-2")
    server.answer(401)
    server.answer(201)
    hook.create("mine", {"token": CANARY})
    assert script.tokens == ["Bearer t-1", "Bearer t-2"]
