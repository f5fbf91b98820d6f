from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.direction import Direction
from datacube_runtime.transfer.huggingface.args import ALLOWED, workers
from datacube_runtime.transfer.huggingface.repo import Repo, RepoType, read_endpoint, read_repo

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.transfer.arguments import ExtraArgs

HUB = "https://huggingface.co"
OWN = {"HF_ENDPOINT": "http://hub.local:8080/hf/"}


def _args(*given: str) -> ExtraArgs:
    return ALLOWED[Direction.DOWNLOAD].read(given)


@pytest.mark.parametrize(
    ("text", "kind", "name", "revision"),
    [
        ("gpt2", RepoType.MODEL, "gpt2", ""),
        ("org/name", RepoType.MODEL, "org/name", ""),
        ("models/org/name", RepoType.MODEL, "org/name", ""),
        ("datasets/org/name", RepoType.DATASET, "org/name", ""),
        ("datasets/squad", RepoType.DATASET, "squad", ""),
        ("spaces/org/name/", RepoType.SPACE, "org/name", ""),
        ("https://huggingface.co/org/name", RepoType.MODEL, "org/name", ""),
        ("https://huggingface.co/datasets/org/name?x=1#y", RepoType.DATASET, "org/name", ""),
        ("https://hf.co/org/name/tree/v1.0", RepoType.MODEL, "org/name", "v1.0"),
        ("https://huggingface.co/o/n/tree/refs%2Fpr%2F1", RepoType.MODEL, "o/n", "refs/pr/1"),
        ("https://huggingface.co/o/n/tree/refs/pr/1", RepoType.MODEL, "o/n", "refs/pr/1"),
        ("hf://org/name", RepoType.MODEL, "org/name", ""),
        ("hf://datasets/org/name@v2", RepoType.DATASET, "org/name", "v2"),
    ],
)
def test_every_form_that_people_write_is_read(
    text: str, kind: RepoType, name: str, revision: str
) -> None:
    assert read_repo(text, _args(), {}) == Repo(HUB, kind, name, revision)


def test_a_hub_of_ones_own_may_have_a_path() -> None:
    repo = read_repo("http://hub.local:8080/hf/datasets/o/n/tree/x", _args(), OWN)
    assert repo == Repo("http://hub.local:8080/hf", RepoType.DATASET, "o/n", "x")
    assert repo.page == "http://hub.local:8080/hf/datasets/o/n"


def test_arguments_say_what_the_option_leaves_open_and_may_repeat_it() -> None:
    given = _args("--repo-type=dataset", "--revision", "v1")
    expected = Repo(HUB, RepoType.DATASET, "org/name", "v1")
    assert read_repo("org/name", given, {}) == expected
    assert read_repo("hf://datasets/org/name@v1", given, {}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "a/b/c", "-a", "a/../b", "a b", "a--b", "x.git", "o/n@v1", "a" * 97,
        "https://huggingface.co/", "https://huggingface.co/o/n/tree/main/file.txt",
        "https://elsewhere.example/o/n", "https://user:canary@huggingface.co/o/n", "https://[x/o/n",
        "ftp://elsewhere.example/o/n", "hf://", "hf://o/n@v1/file.txt",
    ],
)  # fmt: skip
def test_what_is_no_repository_is_refused(
    text: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(read_repo, text, _args(), {})
    assert (reason, message[:6]) == ("InvalidOption", "repo: ")
    assert "canary" not in message


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("datasets/o/n", ["--repo-type=model"]),
        ("hf://o/n@v1", ["--revision=v2"]),
        ("o/n", ["--repo-type=bucket"]),
        ("o/n", ["--revision=a b"]),
    ],
)
def test_contradictions_are_refused(
    text: str, given: list[str], refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(read_repo, text, _args(*given), {})
    assert reason == "InvalidOption"
    assert given[0].partition("=")[0] in message


@pytest.mark.parametrize(
    "value", ["hub", "ftp://h", "http://u:canary@h", "http://h/?q", "http://["]
)
def test_an_endpoint_is_an_http_url_without_credentials(
    value: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(read_endpoint, {"HF_ENDPOINT": value})
    assert reason == "InvalidOption"
    assert message.startswith("HF_ENDPOINT: ")
    assert "canary" not in message


@pytest.mark.parametrize("name", ["--token", "--local-dir", "--dry-run", "--private", "--unknown"])
def test_a_download_refuses_what_reads_or_writes_elsewhere(
    name: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(_args, f"{name}=canary")
    assert (reason, name in message, "canary" in message) == ("InvalidOption", True, False)


@pytest.mark.parametrize("name", ["--delete", "--every", "--token", "--max-workers"])
def test_an_upload_refuses_what_deletes_or_never_ends(
    name: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(ALLOWED[Direction.UPLOAD].read, [name, "x"])
    assert (reason, name in message) == ("InvalidOption", True)


def test_a_cache_is_taken_for_what_the_contract_has_it_and_not_used() -> None:
    assert _args("--cache-dir", "/tmp/cache/hf").of("download") == ()  # noqa: S108 - of the manifest


def test_how_many_files_at_once_is_a_number(refusal: Callable[..., tuple[str, str]]) -> None:
    assert (workers(_args()), workers(_args("--max-workers", "3"))) == (8, 3)
    for value in ("0", "65", "x", "-1", "²"):
        assert refusal(workers, _args(f"--max-workers={value}"))[0] == "InvalidOption"
