from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods.processes import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAP = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}'


@dataclass(frozen=True)
class Commands:
    """`datacube-local` for one home: what it says, and how it ends."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / ".local/share/datacube-local"

    def __call__(self, *words: str, code: int = 0, text: str = "") -> str:
        done = self._run(*words, code=code, text=text)
        return done.stdout + done.stderr

    def output(self, *words: str, code: int = 0) -> str:
        return self._run(*words, code=code).stdout

    def _run(self, *words: str, code: int = 0, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        done = subprocess.run(
            [sys.executable, "-m", "datacube_runtime.local", *words],
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    @contextmanager
    def following(self, *words: str) -> Iterator[Iterator[str]]:
        """Give the lines that a command says while it runs; it has to end by itself."""
        line = [sys.executable, "-m", "datacube_runtime.local", *words, "--data-dir", self.data]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            yield iter(running.stdout)
        assert running.returncode == 0

    def facts(self, code: int = 0) -> Any:
        return json.loads(self("status", "--output", "json", code=code))


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Commands]:
    """Whatever a test starts, it is ended."""
    command = Commands(tmp_path / "home")
    command.home.mkdir()
    yield command
    command("down")


@pytest.fixture
def running(command: Commands) -> Commands:
    command("up", "--no-controller")
    return command


def pod(script: str) -> str:
    container = {"name": "c", "image": "x", "command": ["/bin/sh", "-c", script]}
    spec = {"restartPolicy": "Never", "containers": [container]}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})


def kubectl(command: Commands, *words: str, text: str = "") -> str:
    environment = {"KUBECONFIG": str(command.data / "kubeconfig"), "HOME": str(command.home)}
    program = os.path.join(os.path.dirname(sys.executable), "kubectl")  # noqa: PTH118, PTH120 - a link is not to be followed
    done = subprocess.run(
        [program, *words], env=environment, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_life_from_up_to_reset(command: Commands) -> None:
    said = command("up", "--no-controller")
    assert f"export KUBECONFIG={command.data / 'kubeconfig'}" in said.splitlines()
    assert "starting its API server" in said
    kubectl(command, "create", "-f", "-", text=MAP)
    assert command.facts()["objects"]["configmaps"] == 1
    assert "stopped" in command("down")
    assert command.facts(code=3)["objects"]["configmaps"] == 1
    command("up", "--no-controller")
    assert kubectl(command, "get", "cm", "kept", "-o", "name") == "configmap/kept\n"
    command("down")
    command("reset", "--yes")
    assert not command.data.exists()


def test_only_what_a_shell_needs_is_on_standard_output(command: Commands) -> None:
    for _ in range(2):
        assert command.output("up") == f"export KUBECONFIG={command.data / 'kubeconfig'}\n"


def test_a_shell_gets_nothing_where_it_did_not_start(command: Commands, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert command.output("up", "--data-dir", str(tmp_path), code=1) == ""


def test_one_that_runs_does_not_change_for_other_options(running: Commands) -> None:
    assert "keeps the options" in running("up", "--no-controller")
    assert "keeps the options" not in running("up")


def test_which_version_it_is_can_be_asked(command: Commands) -> None:
    said = command("--version")
    assert f"datacube-local {version('airflow-provider-datacube')} (Kubernetes v1." in said


def test_up_twice_is_up(running: Commands) -> None:
    before = running.facts()
    assert "already runs" in running("up")
    assert running.facts() == before
    assert before["running"]
    assert before["stage"] == "ready"


def test_down_twice_is_down(command: Commands) -> None:
    assert "nothing runs" in command("down")
    assert "not running" in command("status", code=3)
    assert not command.data.exists(), "asking makes nothing"


def test_two_side_by_side(running: Commands, tmp_path: Path) -> None:
    second = ("--data-dir", str(tmp_path / "second"))
    running("up", "--no-controller", *second)
    try:
        other = json.loads(running("status", "-o", "json", *second))
        assert other["server"] != running.facts()["server"]
    finally:
        running("down", *second)
    assert running.facts()["running"]


def test_why_it_did_not_start_is_said(running: Commands, tmp_path: Path) -> None:
    port = running.facts()["server"].rpartition(":")[2]
    said = running("up", "--data-dir", str(tmp_path / "second"), "--port", port, code=1)
    assert f"port {port} is taken" in said


def test_a_directory_of_somebody_else_is_left_alone(command: Commands, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    for words in (("up",), ("reset", "--yes", "--force")):
        said = command(*words, "--data-dir", str(tmp_path), code=1)
        assert "is no data directory" in said
    assert (tmp_path / "thesis.tex").exists()


def test_a_running_one_is_not_removed_unless_one_insists(running: Commands) -> None:
    assert "it runs" in running("reset", "--yes", code=1)
    assert running.facts()["running"]
    running("reset", "--yes", "--force")
    assert not running.data.exists()


def test_nothing_is_removed_without_a_yes(running: Commands) -> None:
    running("down")
    assert "say --yes" in running("reset", code=1, text="y\n"), "a pipe is nobody to ask"
    assert running.data.exists()


def test_logs_of_a_pod_are_followed_to_its_end(running: Commands, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"echo one; until [ -e {go} ]; do sleep 0.05; done; echo two"
    kubectl(running, "create", "-f", "-", text=pod(script))
    kubectl(running, "wait", "pod/p", "--for=jsonpath={.status.phase}=Running", "--timeout=20s")
    with running.following("logs", "p", "-f") as lines:
        assert next(lines) == "one\n"
        go.touch()
        assert list(lines) == ["two\n"]
    assert running("logs", "p", "--tail", "1") == "two\n"
    assert 'pods "q" not found' in running("logs", "q", code=1)


def test_logs_of_the_cluster_itself(running: Commands) -> None:
    assert "ready: KUBECONFIG=" in running("logs")
    assert "nothing was logged yet" in running("logs", "controller", code=1)


def test_only_kubeconfig_shows_the_token(running: Commands) -> None:
    token = (running.data / "token").read_text()
    assert token in running("kubeconfig")
    for words in ("status", "up", "logs"):
        assert token not in running(words)


def test_no_kubeconfig_before_the_first_start(command: Commands) -> None:
    assert "no cluster was started" in command("kubeconfig", code=1)


def test_what_a_killed_one_left_is_ended(
    running: Commands, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    kubectl(running, "create", "-f", "-", text=pod(f"echo $$$$ > {tmp_path}/pid; exec sleep 300"))
    alive = int(eventually(lambda: pid_in(tmp_path / "pid")))
    os.kill(running.facts()["pid"], signal.SIGKILL)
    eventually(lambda: not running_now(running))
    assert "had left" in running("down")
    eventually(lambda: not is_alive(alive))


def pid_in(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def running_now(command: Commands) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "datacube_runtime.local", "status", "--data-dir", command.data],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def test_whoever_stops_reading_gets_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "datacube-local.log").write_text("a line\n" * 100_000)  # no pipe holds that much
    words = f"{sys.executable} -m datacube_runtime.local logs --data-dir {tmp_path} | head -1"
    done = subprocess.run(["/bin/sh", "-c", words], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("a line\n", "")


def test_what_it_writes_is_private_whatever_the_umask(command: Commands) -> None:
    before = os.umask(0)
    try:
        command("up")
        written = [command.data, *command.data.iterdir()]
        assert {path.name for path in written} >= {"instance.json", "datacube-local.log", "tmp"}
        assert [path.name for path in written if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_a_link_to_a_directory_is_followed_once_for_all(command: Commands, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    command("up", "--no-controller", "--data-dir", str(link))
    try:
        assert "already runs" in command("up", "--data-dir", str(real))
    finally:
        command("down", "--data-dir", str(link))
    command("reset", "--yes", "--data-dir", str(link))
    assert not real.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--port", "70000"),
        ("up", "--backoff-base", "-1"),
        ("logs", "--tail", "some"),
        ("sideways",),
        (),
    ],
)
def test_words_without_sense_are_refused(command: Commands, words: tuple[str, ...]) -> None:
    assert "usage: datacube-local" in command(*words, code=2)
