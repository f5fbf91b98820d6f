from __future__ import annotations

import json
import resource
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAPS = "/api/v1/namespaces/default/configmaps"
ROOM = 1_000_000
UNLIMITED = resource.RLIM_INFINITY


def ask(cluster: Any, path: str, body: Any = None) -> tuple[int, Any]:
    trust = ssl.create_default_context(cafile=str(cluster.data / "tls.pem"))
    token = (cluster.data / "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(cluster.server + path, data=data, headers=headers)  # noqa: S310 - https
    try:
        with urllib.request.urlopen(request, context=trust, timeout=10) as answer:  # noqa: S310 - https
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def config_map(number: int) -> dict[str, Any]:
    return {"metadata": {"name": f"m{number}"}, "data": {"x": "y" * 50_000}}


def names(cluster: Any) -> set[str]:
    code, listed = ask(cluster, MAPS)
    assert code == 200
    return {obj["metadata"]["name"] for obj in listed["items"]}


def test_a_full_disk_is_an_error_and_no_broken_store(launched: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with launched(data) as cluster:
        pid = cluster.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, UNLIMITED))  # as if the disk ended
        answers = [ask(cluster, MAPS, config_map(number)) for number in range(40)]
        stored = {answer["metadata"]["name"] for code, answer in answers if code == 201}
        refused = [answer for code, answer in answers if code != 201]
        assert stored
        assert refused
        for answer in refused:
            assert (answer["kind"], answer["code"]) == ("Status", 500)
            assert answer["reason"] == "InternalError"
            assert "the change was not stored" in answer["message"]
        assert names(cluster) == stored

        resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))  # there is space again
        code, written = ask(cluster, MAPS, config_map(1000))
        assert code == 201
        versions = [int(answer["metadata"]["resourceVersion"]) for c, answer in answers if c == 201]
        assert int(written["metadata"]["resourceVersion"]) > max(versions)
        cluster.stop()
    with launched(data) as cluster:
        assert names(cluster) == {*stored, "m1000"}


def test_a_pod_that_ends_while_the_disk_is_full_is_not_forgotten(
    launched: Any, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    pods, go = "/api/v1/namespaces/default/pods", tmp_path / "go"
    words = ["/bin/sh", "-c", f"until [ -e {go} ]; do sleep 0.1; done"]
    container = {"name": "c", "image": "x", "command": words}
    pod = {"metadata": {"name": "p"}, "spec": {"restartPolicy": "Never", "containers": [container]}}

    with launched(tmp_path / "data") as cluster:

        def phase() -> str:
            _, now = ask(cluster, f"{pods}/p")
            return str(now["status"].get("phase"))

        ask(cluster, pods, pod)
        eventually(lambda: phase() == "Running")
        resource.prlimit(cluster.process.pid, resource.RLIMIT_FSIZE, (4096, UNLIMITED))
        go.touch()
        eventually(lambda: ask(cluster, MAPS, config_map(1))[0] == 500)
        assert phase() == "Running"
        resource.prlimit(cluster.process.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        eventually(lambda: phase() == "Succeeded")
