"""docker-compose.yaml: read by a real compose, held to its promises, its commands run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import dockerfile
import kubernetes_validate
import pytest
import yaml
from huggingface_hub import HfApi

from demo import setup
from demo.pipeline import DATASET, MODEL
from demo.processes import free_port
from demo.repositories import SOURCE
from demo.setup import Credentials
from tests.integration.deploy.recipe import is_sent
from tests.rights.building import DEPLOY, KUBECTL, ROOT, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"image", "setup", "airflow-init"}
AIRFLOW = [name for name in SERVICES if name.startswith("airflow-")]
SECRETS = DEPLOY / "compose/secrets"


def as_read(service: dict[str, Any]) -> dict[str, Any]:
    """Return a service as ``docker-compose config`` writes it: nothing left to be understood."""
    read = dict(service)
    if "build" in service:
        read["build"] = {**service["build"], "context": str(ROOT)}
    if "ports" in service:
        read["ports"] = [f"{port}/tcp" for port in service["ports"]]
    if "secrets" in service:
        read["secrets"] = [{"source": name} for name in service["secrets"]]
    if "volumes" in service:
        read["volumes"] = [volume_as_read(volume) for volume in service["volumes"]]
    return read


def volume_as_read(volume: str) -> str:
    source, place, mode = (*volume.split(":"), "rw")[:3]
    return f"{(ROOT / source) if source.startswith('.') else source}:{place}:{mode}"


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not there")
def test_a_real_compose_reads_what_the_file_says() -> None:
    words = ["docker-compose", "--file", ROOT / "docker-compose.yaml", "config"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)
    assert read["services"] == {name: as_read(service) for name, service in SERVICES.items()}
    assert read["volumes"] == {name: {} for name in COMPOSE["volumes"]}
    secrets = {name: {"file": str(ROOT / s["file"])} for name, s in COMPOSE["secrets"].items()}
    assert read["secrets"] == secrets


def test_one_word_chooses_the_cluster() -> None:
    assert "COMPOSE_PROFILES=k3s" in (ROOT / ".env").read_text().splitlines()
    chosen = {name: service["profiles"] for name, service in SERVICES.items()}
    assert [name for name, profiles in chosen.items() if profiles == ["embedded"]] == ["embedded"]
    assert {*chosen} - {"embedded"} == {n for n, profiles in chosen.items() if profiles == ["k3s"]}


def test_every_image_is_pinned_or_made_here() -> None:
    bases = [
        step.value[0].partition("=")[2]
        for recipe in ("compose/Dockerfile", "image/Dockerfile")
        for step in dockerfile.parse_file(str(DEPLOY / recipe))
        if step.cmd.lower() == "arg"
    ]
    assert len(bases) == 2
    pulled = [service["image"] for service in SERVICES.values() if "build" not in service]
    for image in (*pulled, *bases):
        name, _, tag = image.partition(":")
        assert tag not in ("", "latest"), name


def test_ports_are_on_the_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whatever_stays_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == ONCE


def test_the_order_of_start_waits_for_what_is_needed() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            ended = "service_completed_successfully"
            assert how["condition"] == (ended if needed in ONCE else "service_healthy"), name
    assert set(SERVICES["setup"]["depends_on"]) == {"k3s", "git", "hub", "s3"}
    for name in AIRFLOW[1:]:
        assert {"airflow-init", "setup"} <= set(SERVICES[name]["depends_on"])


def test_the_node_of_the_cluster_is_the_same_one_after_down_and_up() -> None:
    k3s = SERVICES["k3s"]
    kept = dict(volume.split(":") for volume in k3s["volumes"])
    database, password = kept["k3s"], kept["node"]
    assert (database, password) == ("/var/lib/rancher/k3s/server", "/etc/rancher/node")
    assert {"k3s", "node"} <= COMPOSE["volumes"].keys()  # by name: `down` leaves them
    assert k3s["hostname"] == "k3s"
    assert not [word for word in k3s["command"] if word.startswith("--node-name")]


def test_the_lighter_one_runs_on_a_copy_without_what_was_made_on_this_machine(
    tmp_path: Path,
) -> None:
    service = SERVICES["embedded"]
    assert service["volumes"] == [".:/source:ro"]
    bash, flag, script = service["command"]
    copy, made, _ = script.split(" && ")
    assert made == "make demo KEEP=1"
    source, checkout = tmp_path / "source", tmp_path / "checkout"
    checkout.mkdir()
    kept = {"Makefile", "demo/airflow.py", "requirements/dev.txt"}
    for name in (*kept, ".venv/.ready", ".venv-3.1/.ready", ".cache/uv/x", ".demo/cluster/x"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    words = [bash, flag, copy.replace("/source", str(source))]
    subprocess.run(words, cwd=checkout, check=True)
    assert {str(p.relative_to(checkout)) for p in checkout.rglob("*") if p.is_file()} == kept


def test_no_secret_is_more_than_the_demos() -> None:
    for path in SECRETS.iterdir():
        assert all(word.startswith("demo-") for word in path.read_text().split())
    values = SERVICES["airflow-scheduler"]["environment"]
    secret = {key: text for key, text in values.items() if re.search("SECRET|FERNET", key)}
    assert len(secret) == 3
    demo = ("demo", "ZGVtb")  # the same in base64
    assert all(text.startswith(demo) for text in secret.values())
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"] == "airflow"


def test_what_the_demos_image_is_made_of_is_sent_and_nothing_secret_is() -> None:
    ignore = "deploy/compose/Dockerfile.dockerignore"
    for name in ("requirements/compose.txt", "demo/setup.py", "deploy/crd.yaml", "pyproject.toml"):
        assert is_sent(ROOT, name, ignore)
    for name in (".git/config", ".demo/x", "deploy/compose/secrets/git-token", "tests/conftest.py"):
        assert not is_sent(ROOT, name, ignore)


def started_as(name: str, port: int, data: Path) -> list[str]:
    """Return the command of a service, with what the container gave it put in place."""
    there = {"/data": str(data), "/run/secrets": str(SECRETS), "0.0.0.0": "127.0.0.1"}  # noqa: S104 - of a container
    there[str(setup.PORTS[name])] = str(port)
    python, flag, *words = SERVICES[name]["command"]
    assert (python, flag) == ("python", "-m")
    for inside, outside in there.items():
        words = [word.replace(f"={inside}", f"={outside}") for word in words]
    return words


@pytest.fixture(scope="module")
def servers(
    program: Any, until: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, int], Path]]:
    """The three servers of the file, started by its commands and found healthy by its checks."""
    home = tmp_path_factory.mktemp("compose")
    ports = {name: free_port() for name in setup.PORTS}
    with ExitStack() as stack:
        for name, port in ports.items():
            (home / name).mkdir()
            words = started_as(name, port, home / name)
            stack.enter_context(program(*words, log=home / f"{name}.log"))
        for name, port in ports.items():
            _, _, *check, asked = SERVICES[name]["healthcheck"]["test"]
            assert asked == str(setup.PORTS[name])
            words = [sys.executable, *check, str(port)]
            until(lambda words=words: subprocess.run(words, cwd=ROOT, check=False).returncode == 0)
        yield ports, home


def test_a_check_fails_where_nobody_answers() -> None:
    words = [sys.executable, "-m", "demo.answers", "9"]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == 1


def test_the_servers_get_what_the_examples_read(
    servers: tuple[dict[str, int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports, home = servers
    monkeypatch.setattr(setup, "PORTS", ports)
    monkeypatch.setenv("PATH", f"{KUBECTL.parent}:{os.environ['PATH']}")  # rclone, as in the image
    given = Credentials.read(SECRETS)
    for _ in range(2):  # `docker compose up` a second time
        setup.fill(given, dict.fromkeys(ports, "127.0.0.1"), home / "git")
    hub = HfApi(f"http://127.0.0.1:{ports['hub']}", given.hub)
    assert {"config.json", "weights.json"} <= set(hub.list_repo_files(MODEL))
    url = f"http://any:{given.git}@127.0.0.1:{ports['git']}/{SOURCE}"
    listed = subprocess.run(["git", "ls-remote", url], capture_output=True, text=True, check=True)
    assert "refs/tags/v1.0" in listed.stdout
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{ports['s3']}/{DATASET.removeprefix('s3://')}")


def test_what_setup_brings_into_the_cluster_keeps_to_the_schemas() -> None:
    given = Credentials.read(SECRETS)
    addresses = {"git": "10.0.0.2", "hub": "10.0.0.3", "s3": "10.0.0.4"}
    made = [*setup.servers(addresses), *setup.secrets(given)]
    assert sorted({manifest["kind"] for manifest in made}) == ["EndpointSlice", "Secret", "Service"]
    for manifest in made:
        kubernetes_validate.validate(manifest, "1.31", strict=True)
    (config,) = (m["stringData"] for m in made if m["metadata"]["name"] == "s3-config")
    assert config["endpoint"] == "http://s3:8333"


def test_the_account_of_airflow_is_the_one_of_its_connection() -> None:
    environment = SERVICES["airflow-triggerer"]["environment"]
    connection = json.loads(environment["AIRFLOW_CONN_KUBERNETES_DEFAULT"])
    assert connection["extra"]["kube_config_path"] == "/kube/airflow"
    accounts = [m for m in build(DEPLOY / "compose") if m["kind"] == "ServiceAccount"]
    assert setup.ACCOUNT in {account["metadata"]["name"] for account in accounts}
    config = yaml.safe_load(setup.kubeconfig_of({"server": "https://k3s:6443"}, {"token": "t"}))
    context = config["contexts"][0]["context"]
    assert context == {"cluster": config["clusters"][0]["name"], "user": config["users"][0]["name"]}


def test_the_controller_runs_the_image_that_is_built_for_it() -> None:
    output = next(word for word in SERVICES["image"]["command"] if word.startswith("--output="))
    (deployment,) = (m for m in build(DEPLOY / "compose") if m["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert f"name={container['image']}," in output
    written = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert written["TRANSFER_IMAGE"] == container["image"]


def test_the_volume_of_the_examples_is_the_one_that_airflow_sees() -> None:
    (volume,) = (m for m in build(DEPLOY / "compose") if m["kind"] == "PersistentVolume")
    place = volume["spec"]["hostPath"]["path"]
    assert SERVICES["airflow-scheduler"]["environment"]["AIRFLOW_VAR_DATACUBE_WORKSPACE"] == place
    for name in ("k3s", "airflow-scheduler", "setup"):
        assert f"workspace:{place}" in SERVICES[name]["volumes"]


def test_airflow_knows_the_commands_and_the_example_needs_nothing_typed(tmp_path: Path) -> None:
    commands = [SERVICES[name]["command"][1:] for name in AIRFLOW]
    checks = [SERVICES[n]["healthcheck"]["test"][2:] for n in AIRFLOW if n.split("-")[1] in LIVE]
    script = (
        "import json, sys; from airflow.cli.cli_parser import get_parser;"
        "[get_parser().parse_args(words) for words in json.loads(sys.argv[1])];"
        "sys.path.insert(0, 'example_dags'); from example_ml_pipeline import example_ml_pipeline;"
        "print(example_ml_pipeline().params['hub'])"
    )
    environment = SERVICES["airflow-dag-processor"]["environment"]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps([*commands, *checks])],
        env={"AIRFLOW_HOME": str(tmp_path), "HF_ENDPOINT": environment["HF_ENDPOINT"]},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"http://hub:{setup.PORTS['hub']}"


LIVE = ("scheduler", "dag", "triggerer")
