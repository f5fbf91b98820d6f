"""
A controller of DataCubes as one writes it with kopf: what ``scale.py`` compares ours with.

The same for the user: one Job for each DataCube, conditions as its pod goes on, the transfer's last
words in the status. It does without what else ours has (claims, suspend, time to live, adoption
after a crash, Events). Run by ``kopf run`` in a virtual environment that has kopf and nothing else.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
from datetime import UTC, datetime
from typing import Any

import aiohttp
import kopf
import yaml

CUBES = ("tensorstack.dev", "v1beta1", "datacubes")
LABEL = "tensorstack.dev/datacube"
# kopf runs a handler for each object at once. Thousands of connections that open in one second
# break some of them; kopf waits a minute before it creates anew, and never repeats an event.
_CONNECTIONS = 50
_session: aiohttp.ClientSession  # made when kopf starts
_server = ""


@kopf.on.login()
def log_in(**kwargs: Any) -> Any:
    """Let kopf read the kubeconfig, without a client library."""
    return kopf.login_with_kubeconfig(**kwargs)


@kopf.on.startup()
async def connect(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Open connections of our own: kopf offers none to its handlers."""
    global _session, _server  # noqa: PLW0603 - kopf's way to share
    settings.posting.enabled = False
    with open(os.environ["KUBECONFIG"], encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - once
        known = yaml.safe_load(file)
    cluster = known["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    trusted = ssl.create_default_context(cadata=authority)
    _server = cluster["server"]
    _session = aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {known['users'][0]['user']['token']}"},
        connector=aiohttp.TCPConnector(ssl=trusted, limit=_CONNECTIONS),
    )


@kopf.on.create(*CUBES)
async def make_job(name: str, namespace: str, spec: Any, body: Any, **_: Any) -> None:
    """Make the Job."""
    labels = {LABEL: name}
    options = spec["source"].get("options", [])
    env = [{**option, "name": option["name"].upper().replace("-", "_")} for option in options]
    volume = {"name": "volume", "persistentVolumeClaim": {"claimName": spec["sink"]["pvc"]["name"]}}
    container = {
        "name": "transfer",
        "image": "datacube-runtime:latest",
        "args": [spec["source"]["type"], "download"],
        "env": env,
        "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
    }
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-batchjob", "labels": labels},
        "spec": {"backoffLimit": 0, "template": template},
    }
    kopf.adopt(job, owner=body)
    await _ask("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)


@kopf.on.event("pods", labels={LABEL: kopf.PRESENT})
async def tell_of_pod(body: Any, labels: Any, namespace: str, **_: Any) -> None:
    """Say how the pod fares, and how the transfer ended."""
    status = body.get("status", {})
    states = [s.get("state", {}) for s in status.get("containerStatuses", ())]
    phase = status.get("phase", "Pending")
    told: dict[str, Any] = {
        "pod": {
            "reference": {"name": body["metadata"]["name"], "uid": body["metadata"]["uid"]},
            "phase": phase,
        }
    }
    said = json.loads(next((s["terminated"]["message"] for s in states if "terminated" in s), "{}"))
    is_running = phase != "Pending"
    conditions = [_condition("Initialized", is_running, "TransferStarted")]
    if phase in ("Succeeded", "Failed"):
        conditions.append(_condition("Complete", phase == "Succeeded", said.get("reason", "")))
        conditions.append(_condition("Failed", phase == "Failed", said.get("reason", "")))
        told["result"] = said.get("result", {})
    path = f"/apis/{CUBES[0]}/{CUBES[1]}/namespaces/{namespace}/{CUBES[2]}/{labels[LABEL]}/status"
    await _ask("PATCH", path, {"status": {**told, "conditions": conditions}})


def _condition(kind: str, is_true: bool, reason: str) -> dict[str, Any]:  # noqa: FBT001 - a field
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": kind,
        "status": str(is_true),
        "reason": reason,
        "lastProbeTime": now,
        "lastTransitionTime": now,
    }


async def _ask(method: str, path: str, body: Any) -> None:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Content-Type": kind}
    async with _session.request(
        method, _server + path, data=json.dumps(body), headers=headers
    ) as answer:
        answer.raise_for_status()
        await answer.read()
