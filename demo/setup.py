"""
What docker-compose.yaml does once, before the first DAG runs: content, cluster, account.

It may run again at any time: what is there already stays. Airflow gets an account that may run
transfers and nothing else, so the demo shows the rights that the documents tell of.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import HfApi

from demo.pipeline import MODEL, Store, make_model
from demo.repositories import AUTHOR, SOURCE, make_repositories

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
PORTS = {"git": 8010, "hub": 8020, "s3": 8333}
ACCOUNT = "airflow-datacubes"
OWNER = 1000  # who transfer pods and Airflow's containers are
_NAMESPACE = "default"
_FIELD_MANAGER = "datacube-compose"
_TOKEN_FOR = "8760h"  # noqa: S105 - a time


@dataclass(frozen=True)
class Credentials:
    """What the servers let in: the demo's own, from files."""

    git: str = field(repr=False)
    hub: str = field(repr=False)
    s3: tuple[str, str] = field(repr=False)

    @classmethod
    def read(cls, directory: Path) -> Credentials:
        """Read the files that the servers read."""
        git, hub, s3 = (
            (directory / name).read_text().split() for name in ("git-token", "hub-token", "s3-key")
        )
        return cls(git[0], hub[0], (s3[0], s3[1]))


def fill(given: Credentials, addresses: Mapping[str, str], repositories: Path) -> None:
    """Put into the servers what the examples read; ``repositories`` are the Git server's own."""
    env = {**AUTHOR, "PATH": os.environ["PATH"], "HOME": str(repositories)}
    if not (repositories / SOURCE).exists():
        make_repositories(repositories, env)
    hub = f"http://{addresses['hub']}:{PORTS['hub']}"
    if not HfApi(hub, given.hub).repo_exists(MODEL):
        make_model(hub, given.hub)
    Store(f"http://{addresses['s3']}:{PORTS['s3']}", *given.s3, env).make_dataset()


def servers(addresses: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """Yield what gives the servers their names in the cluster; its pods know no others."""
    for name, address in addresses.items():
        port = {"name": "http", "port": PORTS[name], "protocol": "TCP"}
        meta = {"name": name, "namespace": _NAMESPACE}
        yield {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [port]}}
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**meta, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address]}],
            "ports": [port],
        }


def secrets(given: Credentials) -> Iterable[dict[str, Any]]:
    """Yield the Secrets that the example DAGs name."""
    access_key_id, secret_access_key = given.s3
    s3_config = {
        "endpoint": f"http://s3:{PORTS['s3']}",
        "accessKeyID": access_key_id,
        "secretAccessKey": secret_access_key,
    }
    values = {
        "git-token": {"token": given.git},
        "hf-token": {"token": given.hub},
        "s3-config": s3_config,
    }
    for name, data in values.items():
        meta = {"name": name, "namespace": _NAMESPACE}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data}


def kubeconfig_of(cluster: Mapping[str, Any], user: Mapping[str, str]) -> str:
    """Return a kubeconfig for one who may less than the one that the cluster wrote."""
    known = {"cluster": cluster, "context": {"cluster": "k3s", "user": "airflow"}, "user": user}
    names = {"cluster": "k3s", "context": "airflow", "user": "airflow"}
    entries = {f"{kind}s": [{"name": names[kind], kind: dict(known[kind])}] for kind in known}
    head = {"apiVersion": "v1", "kind": "Config", "current-context": "airflow"}
    return yaml.safe_dump({**head, **entries})


@dataclass(frozen=True)
class Cluster:
    """k3s, by kubectl and the administrator's kubeconfig."""

    kubeconfig: Path

    def install(self, more: Iterable[Mapping[str, Any]]) -> None:
        """Bring everything into the cluster, and wait for the controller."""
        self._apply("--kustomize", str(ROOT / "deploy"))
        self._kubectl("wait", "--for=condition=Established", "crd/datacubes.tensorstack.dev")
        self._apply("--kustomize", str(ROOT / "deploy/compose"))
        listed = {"apiVersion": "v1", "kind": "List", "items": list(more)}
        self._apply("--filename=-", text=json.dumps(listed))
        self._kubectl("rollout", "status", "deployment/datacube-controller", "--timeout=300s")

    def account(self) -> str:
        """Return a kubeconfig for Airflow."""
        token = self._kubectl("create", "token", ACCOUNT, f"--duration={_TOKEN_FOR}").strip()
        admin = yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]
        return kubeconfig_of({**admin, "server": "https://k3s:6443"}, {"token": token})

    def _apply(self, *words: str, text: str = "") -> None:
        how = ("--server-side", "--force-conflicts", f"--field-manager={_FIELD_MANAGER}")
        self._kubectl("apply", *how, *words, text=text)

    def _kubectl(self, *words: str, text: str = "") -> str:
        where = ["--kubeconfig", str(self.kubeconfig), "--server=https://k3s:6443"]
        where += ["--namespace", _NAMESPACE]
        done = subprocess.run(
            ["kubectl", *where, *words], input=text, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Do it all, and say what."""
    parser = argparse.ArgumentParser(prog="python -m demo.setup", description=__doc__)
    parser.add_argument("--secrets", type=Path, default=Path("/run/secrets"))
    parser.add_argument("--repositories", type=Path, default=Path("/data"))
    parser.add_argument("--workspace", type=Path, default=Path("/workspace"))
    parser.add_argument("--kube", type=Path, default=Path("/kube"))
    args = parser.parse_args(argv)
    given = Credentials.read(args.secrets)
    addresses = {name: socket.gethostbyname(name) for name in PORTS}
    fill(given, addresses, args.repositories)
    _give_away(args.repositories, args.workspace)
    print("the servers have what the examples read", flush=True)
    cluster = Cluster(args.kube / "admin")
    cluster.install([*servers(addresses), *secrets(given)])
    account = args.kube / "airflow"
    account.touch(mode=0o600)
    account.write_text(cluster.account())
    _give_away(account)
    print("the cluster has a controller, and Airflow an account", flush=True)
    return 0


def _give_away(*places: Path) -> None:
    """Let those have it who work on it; only root needs to, and can."""
    for place in places:
        for path in (place, *place.rglob("*")):
            os.chown(path, OWNER, -1, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
