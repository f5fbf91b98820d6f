from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.volumes.directories import (
    Volumes,
    bound_spec,
    bound_status,
    resolve_sub_path,
)
from datacube_runtime.local.volumes.trash import Trash

if TYPE_CHECKING:
    from pathlib import Path

CLAIM = {
    "metadata": {"namespace": "ns", "name": "data", "uid": "u1"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path / "volumes", Trash(tmp_path / "trash"))


def test_a_directory_belongs_to_one_claim(volumes: Volumes) -> None:
    assert volumes.holder("ns", "data") is None
    directory = volumes.provide("ns", "data", "u1")
    assert volumes.holder("ns", "data") == "u1"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (directory / "file").touch()
    assert volumes.provide("ns", "data", "u1") == directory
    assert (directory / "file").exists()


def test_a_retired_directory_is_out_of_reach_at_once(volumes: Volumes) -> None:
    directory = volumes.provide("ns", "data", "u1")
    volumes.retire("ns", "data")
    assert not directory.exists()
    assert volumes.holder("ns", "data") is None
    volumes.retire("ns", "data")


def test_a_link_in_place_of_a_directory_is_not_followed(tmp_path: Path, volumes: Volumes) -> None:
    outside = tmp_path / "outside"
    (outside / "inside").mkdir(mode=0o755, parents=True)
    directory = volumes.provide("ns", "data", "u1")
    directory.rmdir()
    directory.symlink_to(outside)
    assert volumes.provide("ns", "data", "u1") == directory
    with pytest.raises(ContainerConfigError, match='claim "data" was replaced by a link'):
        volumes.mounted("ns", "data")
    volumes.retire("ns", "data")
    for thread in threading.enumerate():
        if thread.name == "trash":
            thread.join()
    assert stat.S_IMODE((outside / "inside").stat().st_mode) == 0o755
    assert list((tmp_path / "trash").iterdir()) == []
    assert volumes.provide("ns", "data", "u2") == volumes.mounted("ns", "data")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "-a", "A", "a\n", ".a.uid"])
def test_a_name_that_might_lead_elsewhere_is_refused(volumes: Volumes, name: str) -> None:
    with pytest.raises(ValueError, match="not a name of Kubernetes"):
        volumes.directory("ns", name)
    with pytest.raises(ValueError, match="not a name of Kubernetes"):
        volumes.directory(name, "data")


def test_a_bound_claim_says_where_its_data_are(tmp_path: Path) -> None:
    patch = bound_spec(CLAIM, tmp_path)
    assert patch == {
        "metadata": {"annotations": {"volume.datacube-local/path": str(tmp_path)}},
        "spec": {"volumeName": "pvc-u1"},
    }
    meta = {**CLAIM["metadata"], **patch["metadata"]}
    spec = {**CLAIM["spec"], **patch["spec"]}
    assert bound_spec({"metadata": meta, "spec": spec}, tmp_path) == {}
    assert bound_status(CLAIM) == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
    }


def test_a_sub_path_is_made(tmp_path: Path) -> None:
    assert resolve_sub_path(tmp_path, "a/b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    assert resolve_sub_path(tmp_path, "") == tmp_path


def test_a_sub_path_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    assert resolve_sub_path(tmp_path, "f") == tmp_path / "f"
    with pytest.raises(ContainerConfigError):
        resolve_sub_path(tmp_path, "f/x")


def test_a_link_inside_the_volume_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert resolve_sub_path(tmp_path, "link/x") == tmp_path / "real" / "x"


@pytest.mark.parametrize("sub_path", ["/etc", "..", "a/../..", "a/../b"])
def test_a_sub_path_that_climbs_is_refused(tmp_path: Path, sub_path: str) -> None:
    with pytest.raises(ContainerConfigError, match="must be relative"):
        resolve_sub_path(tmp_path, sub_path)


@pytest.mark.parametrize("sub_path", ["link", "link/x", "a/link", "chain", "dangling/x"])
def test_a_link_out_of_the_volume_is_refused(tmp_path: Path, sub_path: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "a").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    (root / "a" / "link").symlink_to("../../outside")
    (root / "chain").symlink_to("link")
    (root / "dangling").symlink_to(tmp_path / "not-yet")
    with pytest.raises(ContainerConfigError, match="leads out of the volume"):
        resolve_sub_path(root, sub_path)
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "not-yet").exists()


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ContainerConfigError, match="cannot be made"):
        resolve_sub_path(tmp_path, "loop/x")


def test_the_root_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    assert resolve_sub_path(tmp_path / "root", "x") == tmp_path / "real" / "x"
