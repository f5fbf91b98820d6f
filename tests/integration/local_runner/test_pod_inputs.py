from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "t0p-s3cret"


def from_secret(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key, **more}}}


async def test_a_pod_waits_for_its_secret_and_then_starts(cluster: Any) -> None:
    env = [{"name": "TOKEN", **from_secret("s", "t")}, {"name": "URL", "value": "u:$(TOKEN)@h"}]
    pod = cluster.pod('echo "$URL"', env=env)
    waiting = await cluster.pod_waiting("CreateContainerConfigError")
    assert waiting["message"] == 'secret "s" not found'
    cluster.secret("s", other="x")
    message = "couldn't find key t in Secret default/s"
    await cluster.until(
        lambda: (
            cluster.get("pods", "p")["status"]["containerStatuses"][0]["state"]["waiting"].get(
                "message"
            )
            == message
        )
    )
    cluster.patch("secrets", "s", {"stringData": {"t": TOKEN}})
    await cluster.pod_in("Succeeded")
    assert cluster.output(pod) == f"u:{TOKEN}@h\n"


async def test_no_secret_gets_into_the_pod_or_its_argv(cluster: Any, tmp_path: Path) -> None:
    cluster.secret("s", t=TOKEN)
    env = [{"name": "TOKEN", **from_secret("s", "t")}]
    script = 'tr "\\0" " " < /proc/$$$$/cmdline'
    pod = cluster.pod("", command=["sh", "-c", script, "sh", "$$(TOKEN)"], env=env)
    await cluster.pod_in("Succeeded")
    assert "$(TOKEN)" in cluster.output(pod)
    assert TOKEN not in cluster.output(pod)
    assert TOKEN not in str(cluster.get("pods", "p"))
    assert TOKEN not in "".join(texts_below(tmp_path / "logs"))


async def test_words_see_the_variables_and_mean_the_volume(cluster: Any) -> None:
    cluster.claim("data")
    root = await cluster.until(lambda: path_of(cluster, "data"))
    env = [{"name": "DIR", "value": "/volume/d"}, {"name": "N", "value": "$(DIR)/new"}]
    words = ["$(N)", "--to=/volume/$(NAME)", "$(HOME)", "$$(N)"]
    pod = cluster.pod(
        "",
        command=["echo"],
        args=words,
        env=env,
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        volumeMounts=[{"name": "v", "mountPath": "/volume"}],
    )
    await cluster.pod_in("Succeeded")
    expected = f"{root}/d/new --to={root}/$(NAME) $(HOME) $(N)"
    assert cluster.output(pod).strip() == expected


async def test_a_pod_waits_for_its_claim_and_writes_into_it(cluster: Any) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "v", "mountPath": "/volume", "subPath": "a/b"}]
    cluster.pod("", command=["touch", "/volume/new"], volumes=volumes, volumeMounts=mounts)

    condition = await cluster.until(lambda: unschedulable(cluster, "p"))
    assert condition["message"] == 'persistentvolumeclaim "data" not found'
    assert condition["status"] == "False"
    cluster.claim("data")
    await cluster.pod_in("Succeeded")
    claim = cluster.get("persistentvolumeclaims", "data")
    assert claim["status"]["phase"] == "Bound"
    assert claim["status"]["capacity"] == {"storage": "1Gi"}
    assert claim["spec"]["volumeName"] == f"pvc-{claim['metadata']['uid']}"


@pytest.mark.parametrize(
    ("mount", "fields", "problem"),
    [
        ({"subPath": "link"}, {}, 'subPath "link" leads out of the volume'),
        (
            {},
            {"workingDir": "/volume/link/new"},
            'workingDir "link/new" leads out of the volume',
        ),
    ],
)
async def test_a_link_out_of_the_volume_is_not_followed(
    cluster: Any, tmp_path: Path, mount: dict[str, str], fields: dict[str, str], problem: str
) -> None:
    cluster.claim("data")
    root = await cluster.until(lambda: path_of(cluster, "data"))
    (root / "link").symlink_to(tmp_path)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "v", "mountPath": "/volume", **mount}]
    command = ["touch", "/volume/new"]
    cluster.pod("", command=command, volumes=volumes, volumeMounts=mounts, **fields)
    waiting = await cluster.pod_waiting("CreateContainerConfigError")
    assert waiting["message"] == problem
    assert not (tmp_path / "new").exists()


async def test_a_volume_that_became_a_link_is_not_followed(cluster: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    cluster.claim("data")
    await cluster.until(lambda: path_of(cluster, "data"))
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    place = {"volumes": volumes, "volumeMounts": [{"name": "v", "mountPath": "/volume"}]}
    script = 'rm -r "$1" && ln -s "$2" "$1"'
    command = ["sh", "-c", script, "sh", "/volume", str(outside)]
    cluster.pod("", command=command, **place)
    await cluster.pod_in("Succeeded")
    cluster.pod("", name="next", command=["touch", "/volume/new"], **place)
    waiting = await cluster.pod_waiting("CreateContainerConfigError", name="next")
    assert waiting["message"] == 'the directory of claim "data" was replaced by a link'
    assert list(outside.iterdir()) == []


async def test_an_empty_dir_is_private_and_goes_with_the_pod(cluster: Any, tmp_path: Path) -> None:
    volumes = [{"name": "tmp", "emptyDir": {}}]
    mounts = [{"name": "tmp", "mountPath": "/scratch"}]
    env = [{"name": "HOME", "value": "/scratch/home"}]
    script = 'pwd; mkdir "$HOME"; echo "$HOME"; stat -c %a "$1"'
    command = ["sh", "-c", script, "sh", "/scratch"]
    pod = cluster.pod(
        "", command=command, workingDir="/scratch", env=env, volumes=volumes, volumeMounts=mounts
    )
    await cluster.pod_in("Succeeded")
    inside = tmp_path / "pods" / pod["metadata"]["uid"] / "volumes" / "tmp"
    assert cluster.output(pod).split() == [str(inside), str(inside / "home"), "700"]
    await cluster.until(lambda: not inside.exists())


async def test_secret_files_are_the_owners_alone(cluster: Any) -> None:
    volumes = [{"name": "s", "secret": {"secretName": "s"}}]
    mounts = [{"name": "s", "mountPath": "/etc/s"}]
    command = ["stat", "-c", "%a %s", "/etc/s/token"]
    pod = cluster.pod("", command=command, volumes=volumes, volumeMounts=mounts)
    waiting = await cluster.pod_waiting("ContainerCreating")
    assert waiting["message"] == 'MountVolume.SetUp failed for volume "s" : secret "s" not found'
    cluster.secret("s", token=TOKEN)
    await cluster.pod_in("Succeeded")
    assert cluster.output(pod) == f"600 {len(TOKEN)}\n"


async def test_a_script_of_a_config_map_runs_and_reads_of_its_pod(cluster: Any) -> None:
    script = '#!/bin/sh\ncat "$1"; echo "$LIMIT"\n'
    cluster.create("configmaps", {"metadata": {"name": "c"}, "data": {"run": script}})
    own = {"path": "me", "fieldRef": {"fieldPath": "metadata.name"}}
    sources = [{"configMap": {"name": "c"}}, {"downwardAPI": {"items": [own]}}]
    limit = {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Gi"}}
    pod = cluster.pod(
        "",
        command=["/all/run", "/all/me"],
        env=[{"name": "LIMIT", "valueFrom": limit}],
        volumes=[{"name": "all", "projected": {"sources": sources, "defaultMode": 0o755}}],
        volumeMounts=[{"name": "all", "mountPath": "/all"}],
    )
    await cluster.pod_in("Succeeded")
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    assert cluster.output(pod) == f"p{math.ceil(whole)}\n"


async def test_a_sub_path_may_be_made_of_variables(cluster: Any) -> None:
    cluster.claim("data")
    root = await cluster.until(lambda: path_of(cluster, "data"))
    env = [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "v", "mountPath": "/volume", "subPathExpr": "runs/$(POD)"}]
    command = ["touch", "/volume/new"]
    cluster.pod("", command=command, env=env, volumes=volumes, volumeMounts=mounts)
    await cluster.pod_in("Succeeded")
    assert (root / "runs" / "p" / "new").exists()
    cluster.pod("", name="q", command=command, volumes=volumes, volumeMounts=mounts)
    waiting = await cluster.pod_waiting("CreateContainerConfigError", name="q")
    assert waiting["message"] == "missing value for POD"


async def test_a_claim_is_a_directory_for_its_lifetime(cluster: Any, tmp_path: Path) -> None:
    cluster.claim("data")
    directory = await cluster.until(lambda: path_of(cluster, "data"))
    assert directory == tmp_path / "volumes" / "default" / "data"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (directory / "file").write_text("old")
    cluster.delete("persistentvolumeclaims", "data")
    await cluster.until(lambda: not directory.exists())
    cluster.claim("data")
    await cluster.until(lambda: path_of(cluster, "data"))
    assert list(directory.iterdir()) == []


async def test_a_claim_in_use_keeps_its_data(cluster: Any) -> None:
    cluster.claim("data")
    directory = await cluster.until(lambda: path_of(cluster, "data"))
    (directory / "file").write_text("old")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.pod("exec sleep 300", volumes=volumes, terminationGracePeriodSeconds=1)
    await cluster.pod_in("Running")
    cluster.delete("persistentvolumeclaims", "data")
    cluster.pod("exit 0", name="late", volumes=volumes)
    condition = await cluster.until(lambda: unschedulable(cluster, "late"))
    assert condition["message"] == 'persistentvolumeclaim "data" is being deleted'
    cluster.delete("pods", "late")
    assert (directory / "file").exists()
    cluster.delete("pods", "p")
    await cluster.until(lambda: not directory.exists())


async def test_data_stay_while_a_process_of_a_vanished_pod_has_them(
    cluster: Any, alive: Callable[[int], bool]
) -> None:
    cluster.claim("data")
    directory = await cluster.until(lambda: path_of(cluster, "data"))
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    pod = cluster.pod(script, volumes=volumes)
    await cluster.pod_in("Running")
    await cluster.until(lambda: "ready" in cluster.output(pod))
    identity = cluster.get("pods", "p")["status"]["containerStatuses"][0]["containerID"]
    pid = int(identity.removeprefix("process://"))
    cluster.delete("pods", "p", grace_s=0)
    cluster.delete("persistentvolumeclaims", "data")
    cluster.claim("data")  # it waits for the directory of its namesake
    assert not path_of(cluster, "data")
    await cluster.until(lambda: not directory.exists() or path_of(cluster, "data"))
    assert not alive(pid)
    await cluster.until(lambda: path_of(cluster, "data"))


async def test_data_survive_a_restart(cluster: Any) -> None:
    cluster.claim("data")
    directory = await cluster.until(lambda: path_of(cluster, "data"))
    (directory / "file").write_text("mine")
    await cluster.stop()
    cluster.start()
    cluster.pod("exit 0")
    await cluster.pod_in("Succeeded")
    assert (directory / "file").read_text() == "mine"


def unschedulable(cluster: Any, name: str) -> Any:
    conditions = cluster.get("pods", name)["status"].get("conditions") or ()
    return next((c for c in conditions if c.get("reason") == "Unschedulable"), None)


def texts_below(directory: Path) -> list[str]:
    return [path.read_text() for path in directory.rglob("*") if path.is_file()]


def path_of(cluster: Any, name: str) -> Path | None:
    claim = cluster.get("persistentvolumeclaims", name)
    if claim["status"].get("phase") != "Bound":
        return None
    return Path(claim["metadata"]["annotations"]["volume.datacube-local/path"])
