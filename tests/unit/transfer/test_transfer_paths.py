from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.transfer import paths

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("sub_path", ["", ".", "a", "a/b c", "a//b", "-x", "模型"])
def test_a_target_is_below_the_volume(tmp_path: Path, sub_path: str) -> None:
    assert paths.target(tmp_path, sub_path, "repo") == tmp_path / sub_path / "repo"


@pytest.mark.parametrize("sub_path", ["/", "/a", "..", "a/..", "a/../../b", "a\0b"])
def test_what_is_not_below_is_refused(tmp_path: Path, sub_path: str, refusal: Any) -> None:
    reason, message = refusal(paths.target, tmp_path, sub_path)
    assert (reason, message.partition(":")[0]) == ("InvalidOption", "subPath")


@pytest.mark.parametrize("sub_path", ["link", "link/deeper", "hop/inner"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, sub_path: str, refusal: Any) -> None:
    volume, outside = tmp_path / "volume", tmp_path / "volume-outside"
    (volume / "hop").mkdir(parents=True)
    outside.mkdir()
    (volume / "link").symlink_to(outside)
    (volume / "hop" / "inner").symlink_to("../../volume-outside")
    assert "out of the volume" in refusal(paths.target, volume, sub_path)[1]


def test_a_loop_of_links_is_refused(tmp_path: Path, refusal: Any) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert "loop" in refusal(paths.target, tmp_path, "loop")[1]


def test_a_link_within_the_volume_is_what_it_points_at(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert paths.target(tmp_path, "link", "x") == tmp_path / "real" / "x"


def test_a_volume_that_is_a_link_itself_is_what_it_points_at(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "volume").symlink_to("real")
    assert paths.target(tmp_path / "volume", "x") == tmp_path / "real" / "x"


def test_an_empty_directory_is_free(tmp_path: Path) -> None:
    assert not paths.is_occupied(tmp_path)
    assert not paths.is_occupied(tmp_path / "nothing")
    (tmp_path / "file").touch()
    assert paths.is_occupied(tmp_path)
    assert paths.is_occupied(tmp_path / "file")


def test_what_is_not_moved_away_is_gone(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "x"
    with paths.partial(final) as holder:
        assert holder.parent == final.parent
        (holder / "x").mkdir()
        (holder / "rest").touch()
        (holder / "x").rename(final)
    assert [path.name for path in final.parent.iterdir()] == ["x"]


def test_leftovers_go_and_the_rest_stays(tmp_path: Path) -> None:
    for name in (".x.abcd1234.partial", ".x.other", ".xy.abcd1234.partial", "x.abcd1234.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / ".x.link1234.partial").symlink_to(tmp_path / ".x.other")
    with paths.partial(tmp_path / "x"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".x.link1234.partial", ".x.other", ".xy.abcd1234.partial", "x.abcd1234.partial",
    ]  # fmt: skip
    assert (tmp_path / ".x.other" / "file").exists()


def test_what_is_in_use_stays(tmp_path: Path) -> None:
    with paths.partial(tmp_path / "x") as first:
        with paths.partial(tmp_path / "x"):
            assert first.is_dir()
        assert first.is_dir()
