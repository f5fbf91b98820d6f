from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Make = Any
KUBECTL = Path(sys.executable).parent / "kubectl"


@pytest.fixture
def cube_of(cluster: Any, cube: Make) -> Iterator[Callable[[str], str]]:
    """Create a DataCube, and delete it at the end."""
    made: list[str] = []

    def make(name: str) -> str:
        cluster.kubectl("create", "-f", "-", text=json.dumps(cube(name)))
        made.append(name)
        return f"datacube/{name}"

    yield make
    cluster.kubectl("delete", "datacubes", *made, "--ignore-not-found")


@pytest.fixture
def pod_of(cluster: Any) -> Iterator[Callable[[str, str], str]]:
    """Run a script in a pod, and delete it at the end."""
    made: list[str] = []

    def make(name: str, script: str) -> str:
        container = {"name": "c", "image": "none", "command": ["sh", "-c", script]}
        spec = {"restartPolicy": "Never", "containers": [container]}
        meta = {"name": name, "labels": {"made-by": "pod-of"}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        cluster.kubectl("create", "-f", "-", text=json.dumps(pod))
        made.append(name)
        return f"pod/{name}"

    yield make
    cluster.kubectl("delete", "pods", *made, "--grace-period=1", "--ignore-not-found")


def surroundings(cluster: Any) -> dict[str, str]:
    home = str(cluster.data)  # kubectl keeps a cache there
    return {"KUBECONFIG": str(cluster.kubeconfig), "PATH": os.defpath, "HOME": home}


def streaming(cluster: Any, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [KUBECTL, *words], env=surroundings(cluster), stdout=subprocess.PIPE, text=True, bufsize=1
    )


def test_an_object_is_shown_in_every_format(cluster: Any, cube_of: Any) -> None:
    cube_of("kw-shown")
    get = ("get", "datacube", "kw-shown", "-o")
    assert "name: kw-shown" in cluster.kubectl(*get, "yaml")
    assert json.loads(cluster.kubectl(*get, "json"))["kind"] == "DataCube"
    assert cluster.kubectl(*get, "jsonpath={.spec.source.type}") == "git"
    assert cluster.kubectl(*get, "name") == "datacube.tensorstack.dev/kw-shown\n"
    assert "kw-shown" in cluster.kubectl(*get, "wide")
    assert "kw-shown" in cluster.kubectl(*get, "custom-columns=NAME:.metadata.name")


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", {"metadata": {"labels": {"a": "1"}}}),
        ("json", [{"op": "add", "path": "/metadata/labels", "value": {"a": "1"}}]),
    ],
)
def test_a_datacube_is_patched(cluster: Any, cube_of: Any, kind: str, patch: Any) -> None:
    name = cube_of(f"kw-patch-{kind}")
    cluster.kubectl("patch", name, f"--type={kind}", "-p", json.dumps(patch))
    assert name.partition("/")[2] in cluster.kubectl("get", "datacubes", "-l", "a=1")


def test_a_pod_is_patched_strategically(cluster: Any, pod_of: Any) -> None:
    name = pod_of("kw-strategic", "true")
    containers = [{"name": "c", "image": "other"}]
    cluster.kubectl("patch", name, "-p", json.dumps({"spec": {"containers": containers}}))
    shown = cluster.kubectl("get", name, "-o", "jsonpath={.spec.containers[0].image}")
    assert shown == "other"
    assert cluster.kubectl("get", name, "-o", "jsonpath={.spec.containers[0].command[0]}") == "sh"


def test_an_object_is_edited_and_replaced(cluster: Any, tmp_path: Path) -> None:
    name = "configmap/kw-edited"
    cluster.kubectl("create", "configmap", "kw-edited", "--from-literal=a=first")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s|first|second|" "$1"\n')
    editor.chmod(0o700)
    done = subprocess.run(
        [KUBECTL, "edit", name],
        env={**surroundings(cluster), "EDITOR": str(editor)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "edited" in done.stdout, done.stderr
    edited = cluster.kubectl("get", name, "-o", "json")
    assert "second" in edited
    cluster.kubectl("replace", "-f", "-", text=edited.replace("second", "third"))
    assert "third" in cluster.kubectl("get", name, "-o", "json")
    stale = cluster.kubectl("replace", "-f", "-", text=edited, fails=True)
    assert "the object has been modified" in stale
    cluster.kubectl("delete", name)


def test_objects_are_deleted_by_label_and_waited_for(cluster: Any, pod_of: Any) -> None:
    name = pod_of("kw-waited", "trap 'exit 0' TERM; while :; do read -t 1 _; done")
    cluster.kubectl("wait", name, "--for=condition=Ready", "--timeout=20s")
    cluster.kubectl("delete", "pods", "-l", "made-by=pod-of", "--grace-period=1", "--wait=false")
    cluster.kubectl("wait", name, "--for=delete", "--timeout=20s")
    cluster.kubectl("get", name, fails=True)


def test_a_watch_shows_what_happens(cluster: Any, cube_of: Any) -> None:
    cube_of("kw-watched")
    watching = streaming(cluster, "get", "datacube", "kw-watched", "--watch", "-o", "name")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "datacube.tensorstack.dev/kw-watched\n"
        cluster.kubectl("annotate", "datacube", "kw-watched", "a=1")
        assert watching.stdout.readline() == "datacube.tensorstack.dev/kw-watched\n"
    finally:
        watching.terminate()
        watching.communicate(timeout=10)


def test_a_log_is_followed_to_the_end_of_the_pod(cluster: Any, pod_of: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    name = pod_of("kw-followed", f"echo one; read -r word < {gate}; echo $word")
    cluster.kubectl("wait", name, "--for=condition=Ready", "--timeout=20s")
    following = streaming(cluster, "logs", "-f", name)
    try:
        assert following.stdout is not None
        assert following.stdout.readline() == "one\n"
        gate.write_text("two\n")
        assert following.communicate(timeout=20)[0] == "two\n"
        assert following.returncode == 0
    finally:
        following.kill()


def test_a_log_is_read_in_parts_and_with_times(cluster: Any, pod_of: Any) -> None:
    began = datetime.now(UTC)
    name = pod_of("kw-parts", "echo one; echo two")
    cluster.kubectl("wait", name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=20s")
    assert cluster.kubectl("logs", name, "--tail=1") == "two\n"
    assert cluster.kubectl("logs", name, "--limit-bytes=2") == "on"
    assert cluster.kubectl("logs", name, "--since=1h") == "one\ntwo\n"
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    assert cluster.kubectl("logs", name, f"--since-time={future}") == ""
    stamped = [
        line.split(" ") for line in cluster.kubectl("logs", name, "--timestamps").split("\n")
    ]
    assert [words[1] for words in stamped[:2]] == ["one", "two"]
    for time, _ in stamped[:2]:
        assert began <= datetime.fromisoformat(time) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--previous",), "previous terminated container"),
        (("-c", "other"), "container other is not valid for pod kw-asked"),
        (("--since=1h", "--since-time=2026-01-01T00:00:00Z"), "at most one of"),
    ],
)
def test_a_log_that_is_not_there_is_refused(
    cluster: Any, pod_of: Any, words: tuple[str, ...], hint: str
) -> None:
    name = pod_of("kw-asked", "true")
    cluster.kubectl("wait", name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=20s")
    assert hint in cluster.kubectl("logs", name, *words, fails=True)


def test_a_running_pod_cannot_be_entered(cluster: Any, pod_of: Any) -> None:
    name = pod_of("kw-entered", "trap 'exit 0' TERM; while :; do read -t 1 _; done")
    cluster.kubectl("wait", name, "--for=condition=Ready", "--timeout=20s")
    for words in (("exec", name, "--", "true"), ("port-forward", name, "18080:80")):
        assert "the embedded cluster has no pods/" in cluster.kubectl(*words, fails=True)


def test_everything_is_described(cluster: Any, cube_of: Any, pod_of: Any) -> None:
    for name in (cube_of("kw-described"), pod_of("kw-described", "true"), "namespace/default"):
        assert name.partition("/")[2] in cluster.kubectl("describe", name)
    assert "Name:" in cluster.kubectl("describe", "events")


def test_events_are_shown_under_both_names(cluster: Any) -> None:
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "kw-event", "namespace": "default"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "regarding": {"kind": "Pod", "name": "nobody", "namespace": "default"},
        "reason": "Tried",
        "action": "Try",
        "note": "how it went",
        "type": "Normal",
        "reportingController": "example.org/tests",
        "reportingInstance": "one",
    }
    cluster.kubectl("create", "-f", "-", text=json.dumps(event))
    assert "how it went" in cluster.kubectl("get", "events")
    assert "how it went" in cluster.kubectl("events")
    core = json.loads(cluster.kubectl("get", "events", "kw-event", "-o", "json"))
    assert (core["message"], core["involvedObject"]["name"]) == ("how it went", "nobody")
    named = json.loads(cluster.kubectl("get", "events.events.k8s.io", "kw-event", "-o", "json"))
    assert {key: named[key] for key in ("note", "regarding")} == {
        key: event[key] for key in ("note", "regarding")
    }
    cluster.kubectl("delete", "events.events.k8s.io", "kw-event")


def test_the_cluster_tells_about_itself(cluster: Any) -> None:
    assert "tensorstack.dev/v1beta1" in cluster.kubectl("api-versions")
    assert "selfsubjectaccessreviews" in cluster.kubectl("api-resources")
    assert "v1.36" in cluster.kubectl("version")
    assert cluster.kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "*.*" in cluster.kubectl("auth", "can-i", "--list")
    assert "datacube-local" in cluster.kubectl("auth", "whoami")
    assert "source" in cluster.kubectl("explain", "datacube.spec.source")
