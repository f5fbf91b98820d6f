from __future__ import annotations

import subprocess
import sys
import threading
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.hub.store import Repository
    from demo.hub_server import HubServer


class Watch:
    """Reads argv and environment of all descendants of a process, as long as it lives."""

    def __init__(self, pid: int) -> None:
        self.argv: set[str] = set()
        self.environments: dict[str, str] = {}
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for pid in _descendants(self._pid):
                try:
                    argv = Path(f"/proc/{pid}/cmdline").read_text()
                    environment = Path(f"/proc/{pid}/environ").read_text()
                except OSError:
                    continue
                self.argv.add(argv)
                if "huggingface.worker" in argv:
                    self.environments[argv] = environment


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _descendants(int(child))


def _forms(token: str) -> list[str]:
    return [token, b64encode(token.encode()).decode().rstrip("=")]


@pytest.mark.parametrize("direction", ["download", "upload"])
@pytest.mark.parametrize("fails_at", ["", "(GET|POST) .*(resolve|commit/)"])
def test_a_token_is_nowhere_but_in_one_variable(
    program: Any, repository: Repository, lay: Any, direction: str, fails_at: str
) -> None:
    token = program.variables["TOKEN"]
    (program.volume / "mine.txt").write_text("mine")
    if fails_at:
        lay(fails_at, status=403)
    process = program.start(
        direction, REPO=repository.id, FOO="bar", HF_DEBUG="1", HF_TOKEN_PATH="/x", HF_HOME="/x"
    )
    watch = Watch(process.pid)
    ended = program.end(process)
    watch.stop()
    assert (ended.code == 0) == (not fails_at), ended.everything
    assert watch.environments, "the process that talks to the hub was seen"
    for environment in watch.environments.values():
        held = {line.partition("=")[0] for line in environment.split("\0") if token in line}
        assert held == {"HF_TOKEN"}
        names = {line.partition("=")[0] for line in environment.split("\0")}
        assert names.isdisjoint({"FOO", "HF_DEBUG", "HF_TOKEN_PATH", "TOKEN"})
        assert "HF_HOME=/x" not in environment
    written = [path for path in program.volume.rglob("*") if path.is_file()]
    for form in _forms(token):
        assert form not in ended.everything
        assert not [argv for argv in watch.argv if form in argv]
        assert not [path for path in written if form.encode() in path.read_bytes()]
    assert list((program.scratch / "tmp").iterdir()) == []


def test_where_the_hub_sends_one_for_the_content_the_token_is_not_shown(
    program: Any, repository: Repository, hub: HubServer
) -> None:
    assert program.download(REPO=repository.id).code == 0
    sent = {target.split("/")[1]: who for target, who in hub.requests}
    assert sent["team"].startswith("Bearer ")
    assert sent["content"] == ""


def test_the_program_itself_never_imports_the_library() -> None:
    code = (
        "import sys, datacube_runtime.transfer.__main__; "
        "sys.exit(bool({'huggingface_hub', 'httpx2', 'hf_xet'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[4]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
