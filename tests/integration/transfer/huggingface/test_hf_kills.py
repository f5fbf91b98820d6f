from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

    from demo.hub_server import HubServer

MIB = 1024**2


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the program and the process that talks to the hub, as the end of a pod does."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    process.communicate()


def test_a_killed_upload_commits_nothing_and_the_retry_does(
    program: Any, hub: HubServer, lay: Any, wait_until: Any
) -> None:
    (program.volume / "w.bin").write_bytes(os.urandom(MIB))
    fault = lay("PUT /content/", stalls=True)
    process = program.start("upload", REPO="team/killed-up")
    wait_until(fault.met.is_set)
    _kill(process)
    fault.over.set()
    branch = hub.store.repositories["models", "team/killed-up"].branches["main"]
    assert len(branch) == 1
    assert [path.name for path in program.volume.iterdir()] == ["w.bin"]
    ended = program.upload(REPO="team/killed-up")
    assert (ended.code, ended.result["committed"]) == (0, True), ended.everything
    assert (len(branch), set(branch[-1].files)) == (2, {"w.bin"})


def test_an_upload_by_xet_that_is_killed_commits_nothing_and_the_retry_does(
    program: Any, hub: HubServer, lay: Any, wait_until: Any
) -> None:
    content = os.urandom(8 * MIB)
    (program.volume / "w.bin").write_bytes(content)
    program.variables["HF_HUB_DISABLE_XET"] = "0"
    # The file is in the storage then, and the commit is about to be made.
    fault = lay("POST /api/models/team/killed-xet/commit", status=503)
    process = program.start("upload", REPO="team/killed-xet")
    wait_until(fault.met.is_set)
    _kill(process)
    fault.over.set()
    branch = hub.store.repositories["models", "team/killed-xet"].branches["main"]
    assert len(branch) == 1
    ended = program.upload(REPO="team/killed-xet")
    assert (ended.code, len(branch)) == (0, 2), ended.everything
    assert branch[-1].files["w.bin"].sha256 == hashlib.sha256(content).hexdigest()


def test_a_download_by_xet_that_is_killed_leaves_nothing_half_and_the_retry_goes_on(
    program: Any, wait_until: Any
) -> None:
    content = os.urandom(64 * MIB)
    (program.volume / "up").mkdir()
    (program.volume / "up/w.bin").write_bytes(content)
    program.variables["HF_HUB_DISABLE_XET"] = "0"
    assert program.upload(REPO="team/xet-down", sub_path="up").code == 0
    down = program.volume / "down"
    process = program.start("download", REPO="team/xet-down", sub_path="down")
    wait_until(lambda: any(down.glob(".huggingface.*.partial/*")))
    _kill(process)
    assert not (down / "w.bin").exists() or (down / "w.bin").read_bytes() == content
    ended = program.download(REPO="team/xet-down", sub_path="down")
    assert ended.code == 0, ended.everything
    assert (down / "w.bin").read_bytes() == content
    assert [path.name for path in down.iterdir()] == ["w.bin"]


def test_what_a_child_that_was_killed_leaves_is_removed_by_the_program(
    program: Any, hub: HubServer, lay: Any, wait_until: Any
) -> None:
    """The kernel ends the largest process where memory runs out."""
    hub.store.add(hub.store.create("team/oom"), {"w.bin": os.urandom(MIB)}, large=True)
    fault = lay("GET /content/", stalls=True)
    process = program.start("download", REPO="team/oom")
    wait_until(fault.met.is_set)
    [child] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    ended = program.end(process)
    fault.over.set()
    assert (ended.code, ended.reason) == (70, "EngineFailed"), ended.everything
    assert list(program.volume.iterdir()) == []


def test_a_volume_that_others_fill_in_mid_file_is_said(
    program: Any, hub: HubServer, lay: Any, wait_until: Any, tiny: Path
) -> None:
    program.volume = tiny
    hub.store.add(hub.store.create("team/filled"), {"w.bin": os.urandom(MIB)}, large=True)
    fault = lay("GET /content/", stalls=True)
    process = program.start("download", REPO="team/filled")
    wait_until(fault.met.is_set)
    (tiny / "others").write_bytes(bytes(2 * MIB - 128 * 1024))
    fault.over.set()
    ended = program.end(process)
    assert (ended.code, ended.reason) == (73, "NoSpaceLeft"), ended.everything
    assert [path.name for path in tiny.iterdir()] == ["others"]
