from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.hub.store import Repository
    from demo.hub_server import HubServer


def _ended(ended: Any) -> tuple[int, str]:
    return ended.code, ended.reason


def test_a_wrong_token_is_an_error_however_full_the_directory(
    program: Any, repository: Repository
) -> None:
    program.download(REPO=repository.id)
    ended = program.download(REPO=repository.id, TOKEN="hf_wrong")
    assert _ended(ended) == (77, "AuthenticationFailed")
    assert "option token" in ended.message


@pytest.mark.parametrize("given", ["", "token"])
def test_private_and_missing_look_alike_and_both_are_said(
    program: Any, repository: Repository, given: str, reader: str
) -> None:
    name = "team/absent" if given else repository.id
    ended = program.download(REPO=name, TOKEN=reader if given else "")
    assert _ended(ended) == (66, "SourceNotFound")
    assert "does not exist, or is private" in ended.message


def test_gated_files_say_where_the_terms_are_accepted(
    program: Any, hub: HubServer, reader: str
) -> None:
    made = hub.store.create("team/gated", gated=True)
    hub.store.add(made, {"a.txt": b"one"})
    for token in (reader, ""):
        ended = program.download(REPO="team/gated", TOKEN=token)
        assert _ended(ended) == (77, "PermissionDenied")
        assert f"accept its terms at {hub.url}/team/gated" in ended.message


def test_a_revision_that_is_not_there(program: Any, repository: Repository) -> None:
    ended = program.download("--revision=nope", REPO=repository.id)
    assert _ended(ended) == (66, "RevisionNotFound")
    assert "'nope'" in ended.message


def test_a_hub_that_is_down_is_a_network_error_soon(program: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        ended = program.download(REPO="team/x", HF_ENDPOINT=url)
    assert _ended(ended) == (75, "NetworkError")
    assert url in ended.message


def test_an_overloaded_hub_is_asked_again(
    program: Any, repository: Repository, lay: Callable[..., Any]
) -> None:
    lay("GET /team/.*/config.json", status=503, times=2)
    assert program.download(REPO=repository.id).code == 0
    lay("GET /team/.*/config.json", status=503)
    ended = program.download("--force-download", REPO=repository.id, FILES="config.json")
    assert _ended(ended) == (75, "NetworkError")


@pytest.mark.parametrize("asked", ["/api/models/.*/revision", "/tree/", "config.json", "/content/"])
def test_an_answer_that_is_lost_with_its_connection_is_asked_for_again(
    program: Any, repository: Repository, lay: Callable[..., Any], asked: str
) -> None:
    fault = lay(f"GET .*{asked}", drops=True, times=1)
    ended = program.download("--revision=main", REPO=repository.id)
    assert (ended.code, fault.met.is_set()) == (0, True), ended.everything


def test_a_flipped_byte_is_fetched_again_and_then_an_error(
    program: Any, repository: Repository, lay: Callable[..., Any], files_of: Any
) -> None:
    lay("GET /content/", flips=True, times=1)
    assert program.download(REPO=repository.id, FILES="weights.bin").code == 0
    lay("GET /content/", flips=True)
    ended = program.download("--force-download", REPO=repository.id, FILES="weights.bin")
    assert _ended(ended) == (74, "VerificationFailed")
    assert "'weights.bin'" in ended.message
    assert files_of() == {"weights.bin": b"weights" * 100_000}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["../x"], "'..'"),
        (["/abs"], "empty part"),
        (["a", "a/b"], "a file and a directory"),
        (["n" * 256], "longer than 255"),
    ],
)
def test_paths_that_no_volume_can_hold_are_said_before_anything_is_written(
    program: Any, hub: HubServer, names: list[str], said: str, files_of: Any
) -> None:
    made = hub.store.create(f"team/hostile-{len(hub.store.repositories)}")
    hub.store.add(made, {"good.txt": b"1", **dict.fromkeys(names, b"evil")})
    ended = program.download(REPO=made.id, sub_path="d")
    assert _ended(ended) == (69, "Unsupported"), ended.everything
    assert said in ended.message
    assert files_of() == {}
    assert program.download(REPO=made.id, FILES="good.txt").code == 0


def test_links_in_the_volume_are_not_followed(
    program: Any, repository: Repository, tmp_path: Any
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (program.volume / "data").symlink_to(outside)
    ended = program.download(REPO=repository.id)
    assert _ended(ended) == (64, "InvalidOption")
    assert "'data' is a symbolic link" in ended.message
    (program.volume / "data").unlink()
    (outside / "c").write_text("{}")
    (program.volume / "config.json").symlink_to(outside / "c")
    assert program.download(REPO=repository.id).code == 0
    assert not (program.volume / "config.json").is_symlink()
    assert sorted(path.name for path in outside.iterdir()) == ["c"]


def _stall(program: Any, repository: Repository, lay: Any, wait_until: Any) -> tuple[Any, Any]:
    """Start a download that is in the middle of a large file, others being there."""
    fault = lay("GET /content/", stalls=True)
    process = program.start("download", REPO=repository.id)
    wait_until(fault.met.is_set)
    others = [program.volume / path for path in ("config.json", "data/a.txt", "data/b.txt")]
    wait_until(lambda: all(path.exists() for path in others))
    return fault, process


def _leftovers(program: Any) -> list[str]:
    return [path.name for path in program.volume.iterdir() if path.name.startswith(".")]


def test_a_killed_download_leaves_nothing_half_and_the_retry_goes_on(
    program: Any, repository: Repository, lay: Any, wait_until: Any, hub: HubServer
) -> None:
    fault, process = _stall(program, repository, lay, wait_until)
    children = _children(process.pid)
    process.kill()
    process.communicate()
    for child in children:
        os.kill(child, signal.SIGKILL)
    fault.over.set()
    assert not (program.volume / "weights.bin").exists()
    assert len(_leftovers(program)) == 1
    hub.requests.clear()
    ended = program.download(REPO=repository.id)
    assert (ended.code, ended.result["transferred_files"]) == (0, 1), ended.everything
    assert _leftovers(program) == []


def test_a_cancelled_download_cleans_up(
    program: Any, repository: Repository, lay: Any, wait_until: Any
) -> None:
    fault, process = _stall(program, repository, lay, wait_until)
    process.send_signal(signal.SIGTERM)
    ended = program.end(process)
    fault.over.set()
    assert _ended(ended) == (143, "Cancelled")
    assert _leftovers(program) == []
    assert not (program.volume / "weights.bin").exists()


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_full_volume_is_said(program: Any, hub: HubServer) -> None:
    made = hub.store.create("team/huge")
    repository = hub.store.large("ab" * 32, 1 << 60)
    made.commit("main", "huge", {"huge.bin": repository})
    ended = program.download(REPO="team/huge", HF_HUB_DISABLE_XET="1")
    assert _ended(ended) == (73, "NoSpaceLeft")
    assert "1024.0 PiB are needed" in ended.message


@pytest.mark.parametrize(
    ("variables", "extra", "field"),
    [
        ({"REPO": ""}, (), "repo"),
        ({"REPO": "a/b/c"}, (), "repo"),
        ({"REPO": "a/b", "HF_ENDPOINT": "ftp://x"}, (), "HF_ENDPOINT"),
        ({"REPO": "a/b", "HF_HUB_DISABLE_XET": "maybe"}, (), "HF_HUB_DISABLE_XET"),
        ({"REPO": "a/b"}, ("--token", "canary"), "extraArgs[0]"),
    ],
)
def test_wrong_options_are_said_with_their_names(
    program: Any, variables: dict[str, str], extra: tuple[str, ...], field: str
) -> None:
    ended = program.download(*extra, **variables)
    assert _ended(ended) == (64, "InvalidOption")
    assert ended.message.startswith(f"{field}: ")
