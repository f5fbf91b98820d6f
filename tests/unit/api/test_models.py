from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datacube_api.errors import DataCubeSpecError
from datacube_api.models import (
    PVC,
    S3,
    ConfigMapRef,
    DataCube,
    Direction,
    EnvVar,
    Executor,
    ExecutorOptions,
    Git,
    HuggingFace,
    SecretRef,
    Spec,
)

TOKEN = SecretRef("github-token", "token")


def test_git_spells_its_options_with_the_token_first() -> None:
    assert Git(url="https://h/r.git", ref="main", token=TOKEN).to_manifest() == {
        "type": "git",
        "options": [
            {
                "name": "token",
                "valueFrom": {"secretKeyRef": {"name": "github-token", "key": "token"}},
            },
            {"name": "url", "value": "https://h/r.git"},
            {"name": "ref", "value": "main"},
        ],
    }


def test_hugging_face_spells_its_options() -> None:
    end = HuggingFace(repo="a/b", files=["x.json", "y z.bin"])
    assert {o.name: o.value for o in end.options} == {"repo": "a/b", "files": "x.json,y z.bin"}
    upload = HuggingFace(repo="a/b", path_in_repo="p", commit_message="m")
    assert [o.name for o in upload.options] == ["repo", "path-in-repo", "commit-message"]


def test_s3_spells_its_options() -> None:
    end = S3(
        uri="s3://bucket/key",
        endpoint=ConfigMapRef("s3", "endpoint"),
        access_key_id=SecretRef("s3", "id"),
        secret_access_key=SecretRef("s3", "key"),
        no_check_bucket=True,
    )
    assert [o.name for o in end.options] == [
        "s3-endpoint",
        "s3-access-key-id",
        "s3-secret-access-key",
        "s3-uri",
        "s3-no-check-bucket",
    ]
    assert end.options[-1].value == "true"
    assert end.options[0].to_manifest()["valueFrom"] == {
        "configMapKeyRef": {"name": "s3", "key": "endpoint"}
    }


def test_a_public_bucket_needs_no_keys() -> None:
    assert S3(uri="s3://bucket/key").options == (EnvVar(name="s3-uri", value="s3://bucket/key"),)


def test_an_option_of_another_release_goes_through() -> None:
    end = Git(url="u", options=[{"name": "mirror", "value": "yes"}])
    assert [o.name for o in end.options] == ["url", "mirror"]


@pytest.mark.parametrize("value", [7, ["hunter2"], {"secretKeyRef": "hunter2"}])
def test_a_value_of_another_type_is_named_and_not_shown(value: object) -> None:
    with pytest.raises(TypeError, match="option 'ref' takes a string") as caught:
        Git(url="u", ref=value)  # type: ignore[arg-type]  # the mistake
    assert "hunter2" not in str(caught.value)


def test_a_size_is_a_template() -> None:
    end = PVC("models", sub_path="a/b", size="10Gi", storage_class="fast")
    assert end.to_manifest() == {
        "type": "pvc",
        "pvc": {
            "name": "models",
            "subPath": "a/b",
            "template": {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "10Gi"}},
                    "storageClassName": "fast",
                }
            },
        },
    }


def test_a_whole_template_is_passed_on_as_it_is() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"volumeMode": "Filesystem"}}
    assert PVC("m", template=template).to_manifest()["pvc"]["template"] == template


@pytest.mark.parametrize(
    ("source", "sink", "direction"),
    [
        (Git(url="u"), PVC("v"), Direction.DOWNLOAD),
        (PVC("v"), Git(url="u"), Direction.UPLOAD),
    ],
)
def test_the_direction_is_seen_from_the_volume(
    source: Git | PVC, sink: Git | PVC, direction: Direction
) -> None:
    spec = Spec(source=source, sink=sink)
    assert spec.direction is direction
    assert spec.volume.name == "v"
    assert spec.service == Git(url="u")


def test_the_environment_is_options_then_executor_env() -> None:
    spec = Spec(
        source=PVC("v"),
        sink=Git(url="u", token=TOKEN),
        executor=Executor(env=(EnvVar(name="HTTPS_PROXY", value="p:1"),)),
    )
    assert [v.name for v in spec.env()] == ["TOKEN", "URL", "HTTPS_PROXY"]


def test_options_of_the_executor_have_defaults() -> None:
    assert Spec(source=Git(url="u"), sink=PVC("v")).options == ExecutorOptions()


def test_a_whole_cube_says_what_it_is() -> None:
    cube = DataCube(metadata={"name": "a"}, spec=Spec(source=Git(url="u"), sink=PVC("v")))
    assert cube.to_manifest() == {
        "apiVersion": "tensorstack.dev/v1beta1",
        "kind": "DataCube",
        "metadata": {"name": "a"},
        "spec": {
            "source": {"type": "git", "options": [{"name": "url", "value": "u"}]},
            "sink": {"type": "pvc", "pvc": {"name": "v"}},
        },
    }


def test_models_do_not_change() -> None:
    git = Git(url="u")
    with pytest.raises(ValidationError):
        git.options = ()  # type: ignore[misc]  # that it is refused is the point


def test_neither_errors_nor_repr_show_a_value() -> None:
    with pytest.raises(DataCubeSpecError, match="EnvVar: value") as caught:
        EnvVar(name="token", value=["hunter2"])  # type: ignore[arg-type]  # the mistake
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Git(url="https://x:hunter2@h/r.git"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (Git, "Git: options: type git needs the option 'url'"),
        (lambda: PVC("a", sub_path="../b"), r"PVC: pvc\.subPath: must stay inside the volume"),
        (lambda: HuggingFace(rep="a/b"), "HuggingFace: rep: is not a field of a DataCube"),
        (lambda: Executor(backoff_limit=-1), "Executor: options.*greater than or equal to 0"),
    ],
)
def test_a_constructor_says_what_is_wrong_in_one_sentence(make: Any, says: str) -> None:
    with pytest.raises(DataCubeSpecError, match=says) as caught:
        make()
    assert "pydantic" not in str(caught.value)
