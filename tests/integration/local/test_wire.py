from __future__ import annotations

import http.client
import json
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Ask = Any
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def connection(cluster: Any) -> Iterator[http.client.HTTPSConnection]:
    url = urlsplit(cluster.server)
    context = ssl._create_unverified_context()  # noqa: S323 - our own server, on this machine
    connection = http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=10)
    yield connection
    connection.close()


@pytest.fixture
def ask(cluster: Any, connection: http.client.HTTPSConnection) -> Callable[..., Any]:
    token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]

    def ask(method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Authorization": f"Bearer {token}", **sent})
        return connection.getresponse()

    return ask


@pytest.mark.parametrize("path", [MAPS, "/version", "/api/v1", "/apis"])
def test_only_get_reads(ask: Ask, path: str) -> None:
    assert ask("HEAD", path).status == 405


def test_a_method_that_nobody_serves_is_refused_in_words(ask: Ask) -> None:
    assert json.load(ask("POST", "/version"))["reason"] == "MethodNotAllowed"


@pytest.mark.parametrize(
    ("query", "agent", "is_pretty"),
    [
        ("", "kubectl", False),
        ("?pretty=true", "kubectl", True),
        ("", "curl/8", True),
        ("?pretty=0", "curl/8", False),
    ],
)
def test_people_get_lines(ask: Ask, query: str, agent: str, is_pretty: Any) -> None:
    text = ask("GET", MAPS + query, User_Agent=agent).read()
    assert (b"\n  " in text) is is_pretty
    assert json.loads(text)["kind"] == "ConfigMapList"


def test_protobuf_of_other_kinds_says_the_way_round(ask: Ask) -> None:
    role = b"k8s\0\x0a\x0a\x0a\x02v1\x12\x04Role"
    kind = "application/vnd.kubernetes.protobuf"
    answer = ask("POST", MAPS, role, Content_Type=kind)
    assert answer.status == 415
    assert "--dry-run=client -o yaml | kubectl apply -f -" in json.load(answer)["message"]


def test_damaged_protobuf_is_refused_without_repeating_it(ask: Ask) -> None:
    kind = "application/vnd.kubernetes.protobuf"
    answer = ask("POST", MAPS, b"k8s\0hidden", Content_Type=kind)
    assert answer.status == 400
    assert b"hidden" not in answer.read()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_review_can_only_be_asked(ask: Ask, method: str) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert ask(method, path).status == 405


def test_events_are_listed_and_watched_in_new_words(ask: Ask) -> None:
    path = "/apis/events.k8s.io/v1/namespaces/default/events"
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"  # what is an hour old is swept away
    event = {
        "metadata": {"name": "w", "labels": {"made-by": "wire"}},
        "note": "n",
        "regarding": {"name": "x", "namespace": "default"},
        "eventTime": now,
        "reportingController": "example.org/wire",
        "reportingInstance": "i",
        "action": "Asked",
        "reason": "Asked",
        "type": "Normal",
    }
    sent = json.dumps(event).encode()
    made = json.load(ask("POST", path, sent, Content_Type="application/json"))
    assert (made["apiVersion"], made["note"]) == ("events.k8s.io/v1", "n")
    series = {"count": 2, "lastObservedTime": now}
    patch = json.dumps({"series": series}).encode()
    one = f"{path}/w"
    ask("PATCH", one, patch, Content_Type="application/merge-patch+json").read()
    listed = json.load(ask("GET", f"{path}?labelSelector=made-by%3Dwire"))
    assert listed["apiVersion"] == "events.k8s.io/v1"
    assert [(item["note"], item["series"]) for item in listed["items"]] == [("n", series)]
    assert len(json.load(ask("GET", f"{path}?fieldSelector=regarding.name%3Dx"))["items"]) == 1
    assert json.load(ask("GET", f"{path}?fieldSelector=regarding.name%3Dy"))["items"] == []
    query = "watch=1&timeoutSeconds=1&labelSelector=made-by%3Dwire&resourceVersion=0"
    (line,) = ask("GET", f"{path}?{query}").read().splitlines()
    assert json.loads(line)["object"]["note"] == "n"
    assert json.loads(line)["object"]["apiVersion"] == "events.k8s.io/v1"
    ask("DELETE", one).read()


def test_a_watcher_that_leaves_is_no_fault(
    cluster: Any, ask: Ask, connection: http.client.HTTPSConnection
) -> None:
    answer = ask("GET", f"{MAPS}?watch=1&resourceVersion=0")
    assert answer.status == 200
    connection.close()
    answer.close()
    cluster.kubectl("create", "configmap", "wire-left", "--from-literal=a=b")
    cluster.kubectl("delete", "configmap", "wire-left")
    log = cluster.data.with_suffix(".log").read_text()
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("number", "kind", "why"),
    [
        ("NaN", "application/json", "invalid character 'N' looking for beginning of value"),
        ("-Infinity", "application/json", "invalid character 'I' in numeric literal"),
        ("1e999", "application/json", "cannot unmarshal number"),
        (".nan", "application/yaml", "it is no YAML"),
        (".inf", "application/yaml", "it is no YAML"),
    ],
)
def test_what_is_no_number_is_refused(ask: Ask, number: str, kind: str, why: str) -> None:
    body = f'{{"metadata": {{"name": "nan", "generation": {number}}}}}'.encode()
    answer = ask("POST", MAPS, body, Content_Type=kind)
    assert answer.status == 400
    assert why in json.load(answer)["message"]


def test_what_is_not_ascii_comes_back_as_it_was_sent(ask: Ask) -> None:
    data = {"a": "é😀", "b": "\u2028\\\\"}
    sent = {"metadata": {"generateName": "text-"}, "data": data}
    made = json.load(ask("POST", MAPS, json.dumps(sent).encode(), Content_Type="application/json"))
    assert made["data"] == data
    assert json.load(ask("GET", f"{MAPS}/{made['metadata']['name']}"))["data"] == data


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        (MAPS, "application/json", "application/json"),
        (MAPS, "application/yaml", "application/yaml"),
        (f"{MAPS}/absent", "application/yaml", "application/yaml"),
        ("/nothing", "application/json", "text/plain; charset=utf-8"),
        ("/readyz", "application/json", "text/plain; charset=utf-8"),
    ],
)
def test_what_an_answer_is_written_in_is_said_as_a_real_server_says_it(
    ask: Ask, path: str, accept: str, content_type: str
) -> None:
    answer = ask("GET", path, Accept=accept)
    answer.read()
    assert answer.headers["Content-Type"] == content_type
