"""The ways of an Airflow connection to a cluster, and the hook over one that is real."""

from __future__ import annotations

import base64
import socket
import ssl
import time
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import kubernetes.client
import kubernetes_asyncio.client
import pytest
import urllib3.exceptions
import yaml
from urllib3.exceptions import InsecureRequestWarning

from airflow_provider_datacube._connecting import connect, open_cubes
from airflow_provider_datacube._watching import Limit
from airflow_provider_datacube.hooks.datacube import DataCubeHook
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REF = CubeRef("default", "weights", "u-1")
PENDING: dict[str, Any] = {"metadata": {"namespace": "default", "name": "weights", "uid": "u-1"}}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


@pytest.fixture
def given(kubeconfig: Path) -> Any:
    return yaml.safe_load(kubeconfig.read_text())


def test_a_server_that_is_not_there_is_unavailable(
    connection: Callable[..., str], kubeconfig_for: Callable[..., str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        cubes = open_cubes(connection(kube_config_path=kubeconfig_for(address)))
        with pytest.raises(
            errors.DataCubeUnavailableError, match="cannot reach the API server of connection 'k8s'"
        ):
            cubes.read(REF)


async def test_a_certificate_that_is_not_trusted_is_told(
    given: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]
) -> None:
    server = given["clusters"][0]["cluster"]["server"]
    conn = connection(kube_config_path=kubeconfig_for(server))
    with pytest.raises(errors.DataCubeUnavailableError, match="certificate is not trusted"):
        open_cubes(conn).read(REF)
    with pytest.raises(errors.DataCubeUnavailableError, match="certificate is not trusted"):
        async with connect(conn) as cubes:
            await cubes.read(REF)


async def test_verification_that_the_connection_turns_off_is_off_in_its_two_clients_only(
    given: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]
) -> None:
    path = kubeconfig_for(
        given["clusters"][0]["cluster"]["server"], given["users"][0]["user"]["token"]
    )
    conn = connection(kube_config_path=path, disable_verify_ssl=True)
    with (
        warnings.catch_warnings(category=InsecureRequestWarning, action="ignore"),
        pytest.raises(errors.DataCubeNotFoundError),
    ):
        open_cubes(conn).read(REF)
    async with connect(conn) as cubes:
        with pytest.raises(errors.DataCubeNotFoundError):
            await cubes.read(REF)
    for client in (kubernetes.client, kubernetes_asyncio.client):
        assert client.Configuration.get_default_copy().verify_ssl is True


@pytest.mark.parametrize("way", ["path", "inline"])
async def test_every_way_of_the_connection_works(
    kubeconfig: Path, given: Any, connection: Callable[..., str], way: str
) -> None:
    extra = {"kube_config_path": str(kubeconfig)} if way == "path" else {"kube_config": given}
    conn = connection(namespace="ml", **extra)
    assert open_cubes(conn).namespace == "ml"
    assert open_cubes(conn).list("default") == []
    async with connect(conn) as cubes:
        with pytest.raises(errors.DataCubeNotFoundError):
            await cubes.read(REF)


@pytest.fixture
def in_cluster(given: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find what a pod of the cluster finds."""
    cluster, user = given["clusters"][0]["cluster"], given["users"][0]["user"]
    (tmp_path / "token").write_text(user["token"])
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    address = urlsplit(cluster["server"])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(address.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port))
    for library in (kubernetes, kubernetes_asyncio):
        found = library.config.incluster_config
        monkeypatch.setattr(found, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr(found, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
        monkeypatch.setattr(library.client.Configuration, "_default", None)


@pytest.mark.parametrize("extra", [{}, {"in_cluster": True}])
@pytest.mark.usefixtures("in_cluster")
async def test_an_empty_connection_means_the_cluster_around(
    connection: Callable[..., str], extra: dict[str, Any]
) -> None:
    conn = connection(**extra)
    assert open_cubes(conn).list("default") == []
    async with connect(conn) as cubes:  # where the cncf hook would look for a kubeconfig
        assert (await cubes.page("default", limit=1))["items"] == []


@pytest.mark.parametrize("extra", [{"kube_config_path": "/nowhere"}, {"in_cluster": True}])
async def test_a_connection_that_leads_nowhere_is_named(
    connection: Callable[..., str], extra: dict[str, Any]
) -> None:
    conn = connection(**extra)
    with pytest.raises(errors.DataCubeApiError, match="connection 'k8s' cannot be used"):
        open_cubes(conn)
    with pytest.raises(errors.DataCubeApiError, match="connection 'k8s' cannot be used"):
        async with connect(conn):
            pass


@pytest.mark.parametrize("written", ["", "text", "[a, list]", "clusters: 5", "\x00", "a: [b"])
async def test_a_kubeconfig_that_is_just_being_written_is_told_without_a_word_of_it(
    connection: Callable[..., str], tmp_path: Path, written: str
) -> None:
    (tmp_path / "config").write_text(written)
    conn = connection(kube_config_path=str(tmp_path / "config"))
    with pytest.raises(errors.DataCubeApiError, match="connection 'k8s' cannot be used"):
        open_cubes(conn)
    with pytest.raises(errors.DataCubeApiError, match="connection 'k8s' cannot be used"):
        async with connect(conn):
            pass


@pytest.mark.parametrize("spoil", ["cut", "directory"])
async def test_an_authority_that_cannot_be_read_is_told(
    given: Any, connection: Callable[..., str], tmp_path: Path, spoil: str
) -> None:
    authority = tmp_path / "ca.crt"
    if spoil == "directory":
        authority.mkdir()
    else:
        authority.write_text("-----BEGIN CERTIFICATE-----\nMII")
    cluster = given["clusters"][0]["cluster"]
    del cluster["certificate-authority-data"]
    cluster["certificate-authority"] = str(authority)
    (tmp_path / "config").write_text(yaml.safe_dump(given))
    conn = connection(kube_config_path=str(tmp_path / "config"))
    with pytest.raises(errors.DataCubeApiError, match="'k8s'"):
        open_cubes(conn).read(REF)
    with pytest.raises(errors.DataCubeApiError, match="'k8s'"):
        async with connect(conn) as cubes:
            await cubes.read(REF)


def test_two_connections_lead_to_two_clusters(
    kubeconfig: Path,
    connection: Callable[..., str],
    kubeconfig_for: Callable[..., str],
    script: Any,
) -> None:
    one = open_cubes(connection("one", kube_config_path=kubeconfig_for(script.url)))
    two = open_cubes(connection("two", kube_config_path=str(kubeconfig)))
    script.say(200, {"metadata": {}, "items": [PENDING]})
    assert one.list("default") == [PENDING]
    assert two.list("default") == []


def test_the_connection_can_be_tested(conn_id: str, connection: Callable[..., str]) -> None:
    assert DataCubeHook(conn_id).test_connection() == (
        True,
        "DataCubes in namespace 'default' can be listed",
    )
    ok, words = DataCubeHook(connection("nowhere", kube_config_path="/nowhere")).test_connection()
    assert not ok
    assert "connection 'nowhere' cannot be used" in words


def test_the_hook_blocks_until_the_end(
    conn_id: str, cluster: Any, manifest: dict[str, Any]
) -> None:
    hook = DataCubeHook(conn_id)
    ref = CubeRef.of(hook.create(manifest))
    assert hook.list(label_selector="team=none") == []
    with pytest.raises(errors.DataCubeTimeoutError, match="within 1 seconds"):
        hook.wait(ref, limit=Limit(time.time() + 1, 1))
    cluster.set_status(ref, DONE)
    assert hook.wait(ref).ref == ref
    hook.delete(ref)
    with pytest.raises(errors.DataCubeGoneError):
        hook.wait(ref)


def test_errors_of_the_clients_are_not_ours() -> None:
    theirs = (
        kubernetes.client.ApiException,
        kubernetes_asyncio.client.ApiException,
        urllib3.exceptions.HTTPError,
        aiohttp.ClientError,
        ssl.SSLError,
    )
    assert not issubclass(errors.DataCubeApiError, theirs)
