from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from demo.hub.store import Repository
    from demo.hub_server import HubServer


@pytest.mark.parametrize("direction", ["download", "upload"])
@pytest.mark.parametrize("fails_at", ["", "(GET|POST) .*(resolve|commit/)"])
def test_a_token_is_nowhere_but_in_one_variable(
    program: Any, repository: Repository, lay: Any, direction: str, fails_at: str
) -> None:
    token = program.variables["TOKEN"]
    (program.volume / "mine.txt").write_text("mine")
    if fails_at:
        lay(fails_at, status=403)
    ended = program(
        direction, REPO=repository.id, FOO="bar", HF_DEBUG="1", HF_TOKEN_PATH="/x", HF_HOME="/x"
    )
    assert (ended.code == 0) == (not fails_at), ended.everything
    environments = program.watch.environments.values()
    assert environments, "the process that talks to the hub was seen"
    for environment in environments:
        held = {line.partition("=")[0] for line in environment.split("\0") if token in line}
        assert held == {"HF_TOKEN"}
        names = {line.partition("=")[0] for line in environment.split("\0")}
        assert names.isdisjoint({"FOO", "HF_DEBUG", "HF_TOKEN_PATH", "TOKEN"})
        assert "HF_HOME=/x" not in environment
    assert list(program.tmp.iterdir()) == []


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
