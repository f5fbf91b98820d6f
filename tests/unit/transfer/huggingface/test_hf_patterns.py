from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from datacube_api.direction import Direction
from datacube_runtime.transfer.huggingface.args import ALLOWED
from datacube_runtime.transfer.huggingface.patterns import Wanted, choose, read_wanted
from datacube_runtime.transfer.huggingface.upload import read_path

if TYPE_CHECKING:
    from collections.abc import Callable

THERE = ["README.md", "a b.txt", "onnx/model.onnx", "onnx/q/m.json", "w-1.bin", "w-2.bin"]


def _chosen(files: str, *extra: str) -> list[str]:
    wanted = read_wanted(files, ALLOWED[Direction.DOWNLOAD].read(extra))
    sent = json.loads(json.dumps(asdict(wanted)))  # it is chosen in another process
    return choose(Wanted.of(sent), THERE, "model x")


@pytest.mark.parametrize(
    ("files", "extra", "expected"),
    [
        ("", (), THERE),
        ("README.md , w-2.bin", (), ["README.md", "w-2.bin"]),
        ("a b.txt,", (), ["a b.txt"]),
        ("*.bin", (), ["w-1.bin", "w-2.bin"]),
        ("w-[1].bin", (), ["w-1.bin"]),
        ("*.json", (), ["onnx/q/m.json"]),
        ("onnx/", (), ["onnx/model.onnx", "onnx/q/m.json"]),
        ("*.bin,*.absent", (), ["w-1.bin", "w-2.bin"]),
        ("*.bin", ("--exclude=*-1*",), ["w-2.bin"]),
        ("", ("--include", "*.md", "--include", "onnx/"), ["README.md", *THERE[2:4]]),
        ("", ("--exclude", "onnx/", "--exclude", "w*"), ["README.md", "a b.txt"]),
    ],
)
def test_names_and_globs_choose(files: str, extra: tuple[str, ...], expected: list[str]) -> None:
    assert _chosen(files, *extra) == expected


@pytest.mark.parametrize(
    ("files", "extra", "said"),
    [
        ("README.md,absent", (), "'absent'"),
        ("readme.md", (), "'readme.md'"),
        ("*.absent", (), "none matches"),
        ("README.md", ("--exclude=*",), "none matches"),
    ],
)
def test_nothing_is_never_a_success(
    files: str, extra: tuple[str, ...], said: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(_chosen, files, *extra)
    assert reason == "SourceNotFound"
    assert said in message


@pytest.mark.parametrize(
    ("files", "extra"), [(",", ()), ("/etc/passwd", ()), ("../x", ()), ("a", ("--include=b",))]
)
def test_what_cannot_be_meant_is_refused(
    files: str, extra: tuple[str, ...], refusal: Callable[..., tuple[str, str]]
) -> None:
    assert refusal(_chosen, files, *extra)[0] == "InvalidOption"


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), (".", ""), ("/", ""), ("./a//b/", "a/b"), ("v 1/x", "v 1/x")]
)
def test_a_path_in_the_repository_is_below_its_root(text: str, expected: str) -> None:
    assert read_path(text) == expected


@pytest.mark.parametrize("text", ["..", "a/../b", ".git/hooks", "x/.cache", "a\nb"])
def test_a_path_that_leads_elsewhere_is_refused(
    text: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    reason, message = refusal(read_path, text)
    assert (reason, message.startswith("path-in-repo: ")) == ("InvalidOption", True)
