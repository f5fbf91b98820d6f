from __future__ import annotations

from typing import Any

import pytest

from datacube_api.errors import DataCubeSpecError
from datacube_api.pod_settings import (
    ANNOTATIONS,
    PodSettings,
    Resources,
    Toleration,
    settings_from,
    settings_in,
)

ALL = PodSettings(
    resources=Resources(requests={"memory": "512Mi", "cpu": "0.5"}, limits={"memory": "2Gi"}),
    node_selector={"disk": "ssd"},
    tolerations=(Toleration(key="gpu", operator="Exists", effect="NoSchedule"),),
    service_account="transfers",
    image_pull_secrets=("registry",),
    ttl_seconds_after_finished=86400,
    suspend=False,
)


def test_what_is_written_as_annotations_is_read_from_them() -> None:
    annotations = ALL.to_annotations()
    assert set(annotations) == set(ANNOTATIONS.values())
    assert annotations["tensorstack.dev/datacube-service-account"] == "transfers"
    assert settings_in(annotations) == ALL


def test_foreign_annotations_say_nothing() -> None:
    foreign = {"team": "ml", "tensorstack.dev/other": "{", "tensorstack.dev/datacube-uid": "x"}
    assert settings_in(foreign) == settings_in(None) == PodSettings()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("resources", "{"),
        ("resources", '{"requests": {"memory": "much"}}'),
        ("resources", '{"request": {"memory": "1Gi"}}'),
        ("node-selector", '{"disk": "a b"}'),
        ("node-selector", '["disk"]'),
        ("tolerations", '[{"key": "a", "operator": "Exists", "value": "b"}]'),
        ("tolerations", '[{"effect": "NoSchedule"}]'),
        ("tolerations", '[{"key": "a", "effect": "Never"}]'),
        ("service-account", "Not_A_Name"),
        ("image-pull-secrets", '"registry"'),
        ("ttl-seconds-after-finished", "-1"),
        ("ttl-seconds-after-finished", "soon"),
        ("suspend", "maybe"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_mend(field: str, text: str) -> None:
    name = f"tensorstack.dev/datacube-{field}"
    with pytest.raises(DataCubeSpecError) as error:
        settings_in({name: text})
    (problem,) = error.value.problems
    assert problem.startswith(f"metadata.annotations[{name}]")
    assert "write it as" in problem


def test_a_misspelt_setting_is_not_ignored() -> None:
    with pytest.raises(DataCubeSpecError, match="is no setting: correct or remove it"):
        settings_in({"tensorstack.dev/datacube-resorces": "{}"})


def test_what_a_datacube_says_wins_over_the_defaults() -> None:
    defaults = PodSettings(node_selector={"a": "b"}, suspend=True)
    merged = PodSettings(suspend=False).over(defaults)
    assert (merged.node_selector, merged.suspend) == ({"a": "b"}, False)


@pytest.mark.parametrize("name", ["nodeSelector", "node_selector"])
def test_a_file_has_the_same_fields(name: str) -> None:
    assert settings_from({name: {"a": "b"}}, "f") == PodSettings(node_selector={"a": "b"})


@pytest.mark.parametrize("fields", [{"suspend": "maybe"}, {"nodes": 1}])
def test_a_mistake_in_a_file_is_named(fields: Any) -> None:
    (name,) = fields
    with pytest.raises(DataCubeSpecError) as error:
        settings_from(fields, "file")
    assert error.value.problems[0].startswith(f"file.{name}: ")
