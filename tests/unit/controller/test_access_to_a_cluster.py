from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.errors import DataCubeError
from datacube_runtime.controller.access import TokenFile, way_in

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-41f0"


def kubeconfig(directory: Path, user: Any, **cluster: Any) -> str:
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1/", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


async def test_a_token_is_taken_from_where_the_kubeconfig_says(tmp_path: Path) -> None:
    access = await way_in(kubeconfig(tmp_path, {"token": CANARY}))
    assert (access.server, access.token()) == ("http://127.0.0.1:1", CANARY)
    (tmp_path / "t").write_text(f"{CANARY}-2\n")
    access = await way_in(kubeconfig(tmp_path, {"tokenFile": "t"}))
    assert access.token() == f"{CANARY}-2"
    assert CANARY not in repr(access)


async def test_a_plugin_is_asked_for_its_token(tmp_path: Path) -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": CANARY},
    }
    script = f"import json; print(json.dumps({credential!r}))"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", script],
        "interactiveMode": "Never",
    }
    access = await way_in(kubeconfig(tmp_path, {"exec": plugin}))
    assert access.token() == CANARY


def test_a_token_in_a_file_is_read_again_after_a_minute(tmp_path: Path) -> None:
    now = [100.0]
    (tmp_path / "token").write_text("one")
    token = TokenFile(tmp_path / "token", lambda: now[0])
    assert token() == "one"
    (tmp_path / "token").write_text("two")
    now[0] += 59
    assert token() == "one"
    now[0] += 2
    assert token() == "two"


@pytest.mark.parametrize("change", [{"current-context": "x"}, {"users": []}, {"clusters": None}])
async def test_what_is_missing_in_a_kubeconfig_is_named(tmp_path: Path, change: Any) -> None:
    path = kubeconfig(tmp_path, {"token": CANARY})
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump({**config, **change}))
    with pytest.raises(DataCubeError, match="has no entry") as error:
        await way_in(path)
    assert CANARY not in str(error.value)


async def test_outside_of_a_pod_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataCubeError, match="give --kubeconfig"):
        await way_in(None, tmp_path)
