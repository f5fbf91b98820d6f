from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import HfApi

if TYPE_CHECKING:
    from demo.hub_server import HubServer

ROOT = Path(__file__).resolve().parents[4]


def _hf(hub: HubServer, home: Path, token: str, *argv: str, **more: str) -> Any:
    """Run the library's own program: what it can do is what the hub has to answer for."""
    environment = {
        "PATH": os.environ["PATH"], "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_TOKEN": token,
        "HF_HUB_DISABLE_UPDATE_CHECK": "1", **more,
    }  # fmt: skip
    program = Path(sysconfig.get_path("scripts")) / "hf"
    return subprocess.run(
        [program, *argv], env=environment, capture_output=True, text=True, check=False
    )


def test_the_real_program_uploads_and_downloads(
    hub: HubServer, token: str, reader: str, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "w.bin").write_bytes(b"w" * 100_000)
    (source / "config.json").write_text("{}")
    said = _hf(hub, tmp_path, token, "upload", "team/real", str(source), "--private")
    assert said.returncode == 0, said.stderr
    said = _hf(hub, tmp_path, reader, "download", "team/real", "--local-dir", str(target))
    assert said.returncode == 0, said.stderr
    assert (target / "w.bin").read_bytes() == b"w" * 100_000
    assert _hf(hub, tmp_path, "", "download", "team/real").returncode != 0
    assert _hf(hub, tmp_path, reader, "upload", "team/real", str(source)).returncode != 0


def test_the_hub_is_a_program_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary\n")
    (tmp_path / "data").mkdir()
    argv = ["--root", str(tmp_path / "data"), "--token-file", str(tmp_path / "token")]
    with subprocess.Popen(
        [sys.executable, "-m", "demo.hub_server", *argv],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        hub = HfApi(process.stdout.readline().strip(), "canary")
        hub.create_repo("team/line")
        assert [commit.title for commit in hub.list_repo_commits("team/line")] == ["initial commit"]
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
