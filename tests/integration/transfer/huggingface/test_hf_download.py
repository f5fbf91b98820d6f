from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.hub.store import Repository
    from demo.hub_server import HubServer

ALL = {
    "config.json": b"{}",
    "data/a.txt": b"one",
    "data/b.txt": b"two",
    "weights.bin": b"weights" * 100_000,
}


def test_a_repository_arrives_whole_and_nothing_else_does(
    program: Any, repository: Repository, files_of: Callable[[], dict[str, bytes]]
) -> None:
    ended = program.download(REPO=repository.id, sub_path="models/m")
    assert ended.code == 0, ended.everything
    assert files_of() == {f"models/m/{path}": content for path, content in ALL.items()}
    assert {key: ended.result[key] for key in ended.result if key != "seconds"} == {
        "repo": repository.id,
        "repo_type": "model",
        "revision": repository.branches["main"][-1].sha,
        "files": 4,
        "bytes": 700_008,
        "transferred_files": 4,
        "transferred_bytes": 700_008,
        "directory": "models/m",
    }
    assert "transfer: 683.6 KiB of 683.6 KiB (100 %), 4 of 4 files" in ended.log


def test_a_second_run_fetches_only_what_differs(
    program: Any, repository: Repository, hub: HubServer
) -> None:
    program.download(REPO=repository.id)
    (program.volume / "data/a.txt").write_text("won")
    (program.volume / "mine.txt").write_text("mine")
    hub.requests.clear()
    ended = program.download(REPO=repository.id)
    assert (ended.code, ended.result["transferred_files"]) == (0, 1), ended.everything
    assert (program.volume / "data/a.txt").read_text() == "one"
    assert (program.volume / "mine.txt").read_text() == "mine"
    assert [target for target, _ in hub.requests if "resolve" in target] == [
        f"GET /{repository.id}/resolve/{ended.result['revision']}/data/a.txt"
    ]


def test_force_download_fetches_all_again(program: Any, repository: Repository) -> None:
    program.download(REPO=repository.id)
    ended = program.download("--force-download", "--max-workers=2", REPO=repository.id)
    assert (ended.code, ended.result["transferred_files"]) == (0, 4)


@pytest.mark.parametrize(
    ("files", "extra", "expected"),
    [
        ("config.json, data/b.txt", (), ["config.json", "data/b.txt"]),
        ("*.json,*.bin", (), ["config.json", "weights.bin"]),
        ("data/", ("--exclude", "*b.txt"), ["data/a.txt"]),
        ("", ("--include=*.txt", "--include=*.json"), ["config.json", "data/a.txt", "data/b.txt"]),
    ],
)
def test_only_the_wanted_files_arrive(
    program: Any, repository: Repository, files: str, extra: Any, expected: list[str]
) -> None:
    ended = program.download(*extra, REPO=repository.id, FILES=files)
    assert ended.code == 0, ended.everything
    there = sorted(path for path in program.volume.rglob("*") if path.is_file())
    assert [str(path.relative_to(program.volume)) for path in there] == expected


def test_a_name_that_is_not_there_is_an_error_and_nothing_is_written(
    program: Any, repository: Repository, files_of: Any
) -> None:
    ended = program.download(REPO=repository.id, FILES="config.json,absent.txt")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert "'absent.txt'" in ended.message
    assert files_of() == {}


def test_a_revision_is_a_branch_or_a_commit(
    program: Any, repository: Repository, hub: HubServer
) -> None:
    first = repository.branches["main"][1].sha
    ended = program.download("--revision", first, REPO=repository.id)
    assert (ended.code, ended.result["files"], ended.result["revision"]) == (0, 3, first)
    page = f"{hub.url}/{repository.id}/tree/main"
    assert program.download(REPO=page).result["files"] == 4


@pytest.mark.parametrize("form", ["datasets/{}", "{hub}/datasets/{}", "hf://datasets/{}"])
def test_data_sets_and_spaces_are_repositories_too(program: Any, hub: HubServer, form: str) -> None:
    made = hub.store.create("team/set", "datasets")
    hub.store.add(made, {"a.csv": b"1"})
    ended = program.download(REPO=form.format("team/set", hub=hub.url), TOKEN="")
    assert (ended.code, ended.result["repo_type"]) == (0, "dataset"), ended.everything


def test_names_that_mean_something_elsewhere_arrive(
    program: Any, hub: HubServer, files_of: Any
) -> None:
    names = ("a b.txt", "ü/%2F+.txt", ".hidden", "q?x=1#y", "d/[1].txt", "empty")
    made = hub.store.create("team/names")
    hub.store.add(made, {name: b"" if name == "empty" else name.encode() for name in names})
    ended = program.download(REPO="team/names")
    assert ended.code == 0, ended.everything
    assert set(files_of()) == set(names)


def test_more_files_than_one_page_of_the_listing(
    program: Any, hub: HubServer, files_of: Any
) -> None:
    made = hub.store.create("team/many")
    hub.store.add(made, {f"{number % 7}/{number}.txt": b"%d" % number for number in range(1100)})
    ended = program.download(REPO="team/many")
    assert (ended.code, len(files_of())) == (0, 1100), ended.everything


def test_xet_is_used_when_asked_for(program: Any, hub: HubServer) -> None:
    content = b"".join(number.to_bytes(4, "big") for number in range(300_000))
    (program.volume / "up").mkdir()
    (program.volume / "up/w.bin").write_bytes(content)
    sent = program.upload(REPO="team/xet", HF_HUB_DISABLE_XET="0", sub_path="up")
    assert sent.code == 0, sent.everything
    assert hub.store.repositories["models", "team/xet"].branches["main"][-1].files["w.bin"].xet
    hub.requests.clear()
    for value, path in (("0", "by-xet"), ("1", "by-http"), ("", "by-default")):
        ended = program.download(REPO="team/xet", HF_HUB_DISABLE_XET=value, sub_path=path)
        assert ended.code == 0, ended.everything
        assert (program.volume / path / "w.bin").read_bytes() == content
    assert [target.split("/")[5] for target, _ in hub.requests if "xet-read" in target] == [
        "xet-read-token"
    ]
