from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def status(cluster: Any, path: str, **headers: str) -> int:
    """Ask with Python's own client, trusting the certificate of the data directory."""
    context = ssl.create_default_context(cafile=str(cluster.data / "tls.pem"))
    request = urllib.request.Request(cluster.server + path, headers=headers)  # noqa: S310 - https
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310 - https
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def bearer(cluster: Any) -> str:
    return "Bearer " + (cluster.data / "token").read_text()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])  # the second: what pods' clients write
def test_whoever_has_the_token_is_let_in(cluster: Any, scheme: str) -> None:
    said = bearer(cluster).replace("Bearer", scheme)
    assert status(cluster, "/api/v1/secrets", Authorization=said) == 200


@pytest.mark.parametrize("said", ["", "Bearer wrong", "Basic abc", "Bearer ", "Bearer \u00fc"])
def test_nobody_else_is(cluster: Any, said: str) -> None:
    assert status(cluster, "/api/v1/secrets", Authorization=said) == 401
    assert status(cluster, "/nothing", Authorization=said) == 401


def test_its_health_is_no_secret(cluster: Any) -> None:
    assert status(cluster, "/readyz") == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:6443", "127.0.0.1.evil.example"])
def test_another_host_name_is_refused(cluster: Any, host: str) -> None:
    answer = status(cluster, "/api/v1/secrets", Authorization=bearer(cluster), Host=host)
    assert answer == 400
    assert status(cluster, "/readyz", Host=host) == 400


def test_who_names_no_host_is_refused(cluster: Any) -> None:
    context = ssl.create_default_context(cafile=str(cluster.data / "tls.pem"))
    name, port = cluster.server.removeprefix("https://").split(":")
    with (
        socket.create_connection((name, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert b" 400 " in connection.recv(4096).splitlines()[0]


def test_the_certificate_is_not_trusted_by_itself(cluster: Any) -> None:
    request = urllib.request.Request(cluster.server + "/readyz")  # noqa: S310 - https
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(request, timeout=10)  # noqa: S310 - https


def test_what_it_writes_is_private(cluster: Any) -> None:
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    for name in ("token", "tls.pem", "kubeconfig", "state.db", "state.db-wal"):
        assert (cluster.data / name).stat().st_mode & 0o777 == 0o600


def test_a_second_one_keeps_off(cluster: Any) -> None:
    command = [sys.executable, "-m", "datacube_runtime.local", "start", "--data-dir", cluster.data]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "already runs" in done.stderr


def test_a_directory_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    command = [sys.executable, "-m", "datacube_runtime.local", "start", "--data-dir", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "is no data directory of an embedded cluster" in done.stderr
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_taken_port_is_said_so(cluster: Any, tmp_path: Path) -> None:
    port = cluster.server.rpartition(":")[2]
    words = ["start", "--data-dir", tmp_path / "other", "--port", port]
    command = [sys.executable, "-m", "datacube_runtime.local", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_everything_is_there_after_a_restart(
    launched: Any, tmp_path: Path, number: signal.Signals
) -> None:
    words = ("create", "-f", "-")
    first_map = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}'
    with launched(tmp_path / "data") as running:
        running.kubectl(*words, text=first_map)
        kubeconfig = running.kubeconfig.read_bytes()
        shown = running.kubectl("get", "cm", "kept", "-o", "yaml")
        code = running.stop(number)
    assert code == (-number if number == signal.SIGKILL else 0)
    with launched(tmp_path / "data") as running:
        assert running.kubeconfig.read_bytes() == kubeconfig
        assert running.kubectl("get", "cm", "kept", "-o", "yaml") == shown


def test_a_watch_does_not_delay_the_end(launched: Any, tmp_path: Path) -> None:
    with launched(tmp_path / "data") as running:
        context = ssl.create_default_context(cafile=str(running.data / "tls.pem"))
        url = running.server + "/api/v1/configmaps?watch=true"
        headers = {"Authorization": bearer(running)}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - https
        with urllib.request.urlopen(request, context=context, timeout=10):  # noqa: S310 - https
            assert running.stop() == 0
