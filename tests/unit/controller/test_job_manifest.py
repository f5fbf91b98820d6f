from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.models import DataCube
from datacube_runtime.controller.job import job_manifest

if TYPE_CHECKING:
    from datacube_runtime.controller.settings import Settings

HERE = Path(__file__).parent
MANIFESTS = sorted((HERE.parents[1] / "contract" / "manifests").glob("*.yaml"))


def job_of(cube: dict[str, Any], settings: Settings) -> dict[str, Any]:
    return job_manifest(cube, DataCube.from_manifest(cube).spec, settings)


def pod_of(cube: dict[str, Any], settings: Settings) -> dict[str, Any]:
    pod: dict[str, Any] = job_of(cube, settings)["spec"]["template"]["spec"]
    return pod


def args_of(cube: dict[str, Any], settings: Settings) -> list[str]:
    args: list[str] = pod_of(cube, settings)["containers"][0]["args"]
    return args


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_of_the_contract_becomes_the_job_written_down(
    path: Path, settings: Settings
) -> None:
    cube = yaml.safe_load(path.read_text())
    cube["metadata"] |= {"namespace": "default", "uid": "uid-1"}
    golden = HERE / "golden" / path.name
    assert job_of(cube, settings) == yaml.safe_load(golden.read_text())


def test_the_six_manifests_are_there() -> None:
    kinds = {f"{s}-{d}" for s in ("git", "huggingface", "s3") for d in ("download", "upload")}
    assert kinds <= {path.stem for path in MANIFESTS}


def test_nothing_in_arguments_is_expanded_by_the_kubelet(make: Any, settings: Settings) -> None:
    sink = {"type": "pvc", "pvc": {"name": "data", "subPath": "a$(TOKEN)"}}
    executor = {"options": {"extraArgs": ["--x=$(TOKEN)", "$$", "$HOME"]}}
    args = args_of(make.cube(sink=sink, executor=executor), settings)
    assert args[args.index("--sub-path") + 1] == "a$$(TOKEN)"
    assert args[args.index("--") + 1 :] == ["--x=$$(TOKEN)", "$$$$", "$$HOME"]


def test_a_sub_path_is_never_taken_for_an_option(make: Any, settings: Settings) -> None:
    sink = {"type": "pvc", "pvc": {"name": "data", "subPath": "--sync"}}
    args = args_of(make.cube(sink=sink), settings)
    assert "--sync" not in args
    assert args[args.index("--sub-path") + 1] == "./--sync"


def test_without_a_sub_path_the_argument_is_empty(make: Any, settings: Settings) -> None:
    args = args_of(make.cube(), settings)
    assert args[args.index("--sub-path") + 1] == ""


def test_a_plain_value_stands_only_among_the_variables(make: Any, settings: Settings) -> None:
    secret = "canary-1f8a"
    source = {
        "type": "git",
        "options": [
            {"name": "token", "value": secret},
            {"name": "url", "value": "https://$(TOKEN)@example.org/repo.git"},
        ],
    }
    job = job_of(make.cube(source=source), settings)
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["env"][0] == {"name": "TOKEN", "value": secret}
    container["env"] = []
    assert secret not in repr(job)


def test_the_users_security_context_replaces_ours_whole(make: Any, settings: Settings) -> None:
    cube = make.cube(executor={"securityContext": {"runAsUser": 0}})
    pod = pod_of(cube, settings)
    assert pod["securityContext"] == {"runAsUser": 0}
    hardening = pod["containers"][0]["securityContext"]
    assert hardening["capabilities"] == {"drop": ["ALL"]}
    assert hardening["allowPrivilegeEscalation"] is False


def test_an_empty_security_context_is_given_too(make: Any, settings: Settings) -> None:
    executor = {"securityContext": {}, "env": []}
    assert pod_of(make.cube(executor=executor), settings)["securityContext"] == {}


def test_the_deadline_is_the_pods_and_not_the_jobs(make: Any, settings: Settings) -> None:
    cube = make.cube(executor={"options": {"activeDeadlineSeconds": 7, "backoffLimit": 3}})
    job = job_of(cube, settings)
    assert job["spec"]["template"]["spec"]["activeDeadlineSeconds"] == 7
    assert "activeDeadlineSeconds" not in job["spec"]
    assert job["spec"]["backoffLimit"] == 3


def test_one_attempt_never_runs_beside_another(make: Any, settings: Settings) -> None:
    assert job_of(make.cube(), settings)["spec"]["podReplacementPolicy"] == "Failed"
