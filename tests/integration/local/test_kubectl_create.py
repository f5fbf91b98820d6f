from __future__ import annotations

import base64
import json
from typing import Any

import pytest


def read(cluster: Any, *words: str) -> Any:
    return json.loads(cluster.kubectl("get", *words, "-o", "json"))


@pytest.fixture
def gone_later(cluster: Any) -> Any:
    """Delete what a test names, at its end."""
    named: list[str] = []
    yield named.append
    for name in named:
        cluster.kubectl("delete", name, "--ignore-not-found")


def test_a_secret_of_literals_is_created(cluster: Any, gone_later: Any) -> None:
    gone_later("secret/kcc-generic")
    words = ("--from-literal=token=abc", "--from-literal=empty=")
    cluster.kubectl("create", "secret", "generic", "kcc-generic", *words)
    secret = read(cluster, "secret/kcc-generic")
    assert secret["data"] == {"token": base64.b64encode(b"abc").decode(), "empty": ""}
    assert secret["type"] == "Opaque"


def test_a_secret_for_a_registry_is_created(cluster: Any, gone_later: Any) -> None:
    gone_later("secret/kcc-registry")
    words = ("--docker-server=example.org", "--docker-username=u", "--docker-password=p")
    cluster.kubectl("create", "secret", "docker-registry", "kcc-registry", *words)
    secret = read(cluster, "secret/kcc-registry")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert b"example.org" in base64.b64decode(secret["data"][".dockerconfigjson"])


def test_a_secret_of_a_certificate_is_created(cluster: Any, gone_later: Any) -> None:
    gone_later("secret/kcc-tls")
    files = (f"--cert={cluster.data}/tls.pem", f"--key={cluster.data}/tls.pem")
    cluster.kubectl("create", "secret", "tls", "kcc-tls", *files)
    secret = read(cluster, "secret/kcc-tls")
    assert (secret["type"], sorted(secret["data"])) == ("kubernetes.io/tls", ["tls.crt", "tls.key"])


def test_a_config_map_is_created_with_text_and_bytes(
    cluster: Any, gone_later: Any, tmp_path: Any
) -> None:
    gone_later("configmap/kcc-map")
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    words = ("--from-literal=a=grüße", f"--from-file={tmp_path}/bytes")
    cluster.kubectl("create", "configmap", "kcc-map", *words)
    found = read(cluster, "configmap/kcc-map")
    assert found["data"] == {"a": "grüße"}
    assert base64.b64decode(found["binaryData"]["bytes"]) == b"\xff\x00"


def test_a_namespace_is_created_and_deleted(cluster: Any) -> None:
    cluster.kubectl("create", "namespace", "kcc-space")
    assert "Active" in cluster.kubectl("get", "namespace", "kcc-space")
    assert "kcc-space" in cluster.kubectl("describe", "namespace", "kcc-space")
    cluster.kubectl("delete", "namespace", "kcc-space")
    cluster.kubectl("get", "namespace", "kcc-space", fails=True)


def test_a_job_with_a_command_is_created_and_runs(cluster: Any, gone_later: Any) -> None:
    gone_later("job/kcc-job")
    cluster.kubectl("create", "job", "kcc-job", "--image=none", "--", "sh", "-c", "echo $((1+1))")
    cluster.kubectl("wait", "job/kcc-job", "--for=condition=Complete", "--timeout=20s")
    assert cluster.kubectl("logs", "job/kcc-job") == "2\n"


def test_a_job_without_a_command_says_what_it_lacks(cluster: Any, gone_later: Any) -> None:
    gone_later("job/kcc-image")
    cluster.kubectl("create", "job", "kcc-image", "--image=none")
    cluster.kubectl("wait", "job/kcc-image", "--for=condition=Failed", "--timeout=20s")
    conditions = read(cluster, "job/kcc-image")["status"]["conditions"]
    assert any("containers[0].command: required" in said["message"] for said in conditions)


def test_a_pod_is_run(cluster: Any, gone_later: Any) -> None:
    gone_later("pod/kcc-run")
    words = ("--image=none", "--restart=Never", "--command", "--", "echo", "hello")
    cluster.kubectl("run", "kcc-run", *words)
    cluster.kubectl("wait", "pod/kcc-run", "--for=jsonpath={.status.phase}=Succeeded")
    assert cluster.kubectl("logs", "kcc-run") == "hello\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("create", "role", "r", "--verb=get", "--resource=pods"), "no roles.rbac"),
        (("create", "serviceaccount", "s"), "no serviceaccounts"),
        (("create", "deployment", "d", "--image=none"), "no deployments.apps"),
        (("create", "token", "default"), "no serviceaccounts"),
        (("get", "--raw", "/api/v1/persistentvolumes"), "no persistentvolumes"),
        (("get", "--raw", "/api/v1/namespaces/default/pods/p/proxy"), "no pods/proxy"),
    ],
)
def test_what_is_left_out_is_said_to_be_left_out(
    cluster: Any, words: tuple[str, ...], hint: str
) -> None:
    assert f"the embedded cluster has {hint}" in cluster.kubectl(*words, fails=True)
