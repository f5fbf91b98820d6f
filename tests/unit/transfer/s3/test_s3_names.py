from __future__ import annotations

import pytest

from datacube_runtime.transfer.names import shortened
from datacube_runtime.transfer.s3.names import unfit


@pytest.mark.parametrize(
    "path",
    ["a", "a/b", ".hidden/..x", "sp ace/ü + %25", "a\\b", "n" * 255, "...", "x.datacube-0A1B2C",
     "x.datacube-0a1b2", "rclonelink", "\uff0ea"],
)  # fmt: skip
def test_an_ordinary_name_is_fit(path: str) -> None:
    assert unfit([path], folds_case=True) == []


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("../x", "'../x' has a part '.' or '..'"),
        ("\uff0e\uff0e/x", "'../x' has a part '.' or '..'"),
        ("p/\uff0e", "'p/.' has a part '.' or '..'"),
        ("/abs", "'/abs' has an empty part (begins or ends with '/', or holds '//')"),
        ("p//d", "'p//d' has an empty part (begins or ends with '/', or holds '//')"),
        ("p/" + "ü" * 128, "longer than 255 bytes"),
        ("x.rclonelink", "'x.rclonelink' ends in .rclonelink, which means a symbolic link"),
        ("x.0123abcd.datacube-0a1b2c", "looks like an unfinished file"),
        (".datacube-0a1b2c", "looks like an unfinished file"),
    ],
)
def test_a_name_that_no_file_can_have_is_said(path: str, sentence: str) -> None:
    (said,) = unfit(["fine", path], folds_case=False)
    assert sentence in said


def test_a_file_cannot_be_a_directory() -> None:
    assert unfit(["a", "a!", "a/b/c", "ab"], folds_case=False) == [
        "'a' would have to be a file and a directory"
    ]


def test_case_matters_where_the_volume_says_so() -> None:
    paths = ["p/A", "p/a", "b"]
    assert unfit(paths, folds_case=False) == []
    assert len(unfit(paths, folds_case=True)) == 2


def test_a_long_list_is_shortened() -> None:
    assert shortened(list("ab")) == "a; b"
    assert shortened(list("abcdefgh")) == "a; b; c; d; e; and 3 more"
