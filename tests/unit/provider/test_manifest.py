from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._arguments import Arguments, plain
from airflow_provider_datacube._manifest import check_early, check_file_was_read, complete
from airflow_provider_datacube.models import PVC, Git
from datacube_api.errors import DataCubeSpecError

TEXT = """
apiVersion: tensorstack.dev/v1beta1
kind: DataCube
metadata: {name: weights}
spec:
  source:
    type: git
    options:
      - name: url
        value: "%s"
  sink: {type: pvc, pvc: {name: data}}
"""


def options(end: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**end, "options": [{"name": k, "value": v} for k, v in values.items()]}


def problems(given: Arguments, rendered: Arguments | None = None) -> tuple[str, ...]:
    with pytest.raises(DataCubeSpecError) as caught:
        check_early(given) if rendered is None else complete(given, rendered)
    return caught.value.problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": {"type": "ftp"}}, "spec.source.type: must be one of pvc, git, huggingface, s3"),
        ({"source": {"type": "pvc", "pvc": {"name": "a"}}}, "spec: exactly one of source and sink"),
        ({"source": {"type": "git"}}, "spec.source.options: type git needs the option 'url'"),
        ({"sink": None}, "sink: is missing"),
        (
            {"transfer_executor": {"options": {"sync": True}}},
            "spec.executor.options.sync: sync is for",
        ),
        (
            {"transfer_executor": {"env": [{"name": "URL", "value": "x"}]}},
            "spec.executor.env: a name here",
        ),
        (
            {"sink": {"type": "pvc", "pvc": {"name": "d", "subPath": "../x"}}},
            "spec.sink.pvc.subPath: ",
        ),
        ({"name": "Not_A_Name"}, "name: must be lower case letters"),
        ({"namespace": "x" * 64}, "namespace: must have at most 63"),
        ({"manifest": {}}, "source: is part of the manifest"),
    ],
)
def test_a_mistake_is_told_when_the_dag_is_parsed(
    git: dict[str, Any], pvc: dict[str, Any], change: dict[str, Any], problem: str
) -> None:
    said = problems(Arguments(**{"source": git, "sink": pvc, **change}))
    assert any(text.startswith(problem) for text in said), said


def test_a_template_on_a_source_is_a_mistake(git: dict[str, Any]) -> None:
    source = {"type": "pvc", "pvc": {"name": "data", "template": {"spec": {}}}}
    assert problems(Arguments(source=source, sink=git))[0].startswith("spec.source.pvc.template:")


@pytest.mark.parametrize(
    "change",
    [
        {"source": {"type": "{{ kind }}"}},
        {"sink": {"type": "pvc", "pvc": {"name": "ws-{{ ds_nodash }}"}}},
        {"transfer_executor": {"options": {"backoffLimit": "{{ n }}"}}},
        {"source": object()},
        {"name": "fetch-{{ ts_nodash | lower }}"},
        {"source": {"type": "git", "options": [{"name": "{{ url_or_not }}", "value": "x"}]}},
    ],
)
def test_what_a_template_may_still_mend_waits(
    git: dict[str, Any], pvc: dict[str, Any], change: dict[str, Any]
) -> None:
    check_early(Arguments(**{"source": git, "sink": pvc, **change}))


def test_a_mistake_beside_a_template_does_not_wait(pvc: dict[str, Any]) -> None:
    source = {**options({"type": "git"}, url="{{ url }}"), "reference": "main"}
    assert "spec.source.reference" in problems(Arguments(source=source, sink=pvc))[0]


def test_a_missing_part_does_not_wait(git: dict[str, Any]) -> None:
    sink = {"type": "pvc", "pvc": {"subPath": "{{ ds }}"}}
    assert problems(Arguments(source=git, sink=sink)) == ("spec.sink.pvc.name: is missing",)


def test_a_value_is_in_no_message(pvc: dict[str, Any]) -> None:
    source = {"type": "git", "options": [{"name": "url", "value": "s3cret", "valueFrom": {}}]}
    assert "s3cret" not in " ".join(problems(Arguments(source=source, sink=pvc)))


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(DataCubeSpecError, match="the file does not exist"):
        check_file_was_read("cube.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "manifest: is empty"),
        ("- a", "manifest: must be a mapping"),
        ("a: b: s3cret", "manifest: is not valid YAML (line 1, column 5)"),
        ("a: 1\n---\nb: 2", "manifest: must be one YAML document"),
        ("a: \x00", "manifest: is not valid YAML"),
    ],
)
def test_yaml_that_is_no_manifest_is_told(text: str, problem: str) -> None:
    (said,) = problems(Arguments(manifest=text))
    assert said.startswith(problem)


def test_models_and_mappings_make_the_same_manifest(
    git: dict[str, Any], pvc: dict[str, Any]
) -> None:
    url = git["options"][0]["value"]
    models = Arguments(source=plain(Git(url=url)), sink=plain(PVC("data", sub_path="code")))
    mappings = Arguments(source=git, sink=pvc)
    assert complete(models, models) == complete(mappings, mappings)


def test_a_manifest_is_kept_whole_less_what_the_server_owns(manifest: dict[str, Any]) -> None:
    exported = {
        **manifest,
        "metadata": {"name": "a", "labels": {"x": "y"}, "uid": "1", "resourceVersion": "2"},
        "status": {"phase": "Succeeded"},
    }
    given = Arguments(manifest=exported)
    made = complete(given, given)
    assert made == {**manifest, "metadata": {"name": "a", "labels": {"x": "y"}}}


def test_arguments_go_before_the_manifest() -> None:
    given = Arguments(manifest=TEXT % "https://x", name="other", namespace="ml")
    assert complete(given, given)["metadata"] == {"name": "other", "namespace": "ml"}


@pytest.mark.parametrize("left", ["", "   ", None])
def test_a_template_that_rendered_to_nothing_is_named(
    pvc: dict[str, Any], left: str | None
) -> None:
    given = Arguments(source=options({"type": "git"}, url="https://x", ref="{{ ref }}"), sink=pvc)
    rendered = Arguments(source=options({"type": "git"}, url="https://x", ref=left), sink=pvc)
    assert problems(given, rendered) == (
        "source.options[1].value: its template rendered to nothing",
    )


def test_an_empty_value_that_somebody_wrote_is_let_through(pvc: dict[str, Any]) -> None:
    given = Arguments(source=options({"type": "git"}, url="{{ u }}", ref=""), sink=pvc)
    rendered = Arguments(source=options({"type": "git"}, url="https://x", ref=""), sink=pvc)
    assert complete(given, rendered)["spec"]["source"]["options"][1]["value"] == ""


def test_a_template_in_yaml_that_rendered_to_nothing_is_named() -> None:
    given, rendered = Arguments(manifest=TEXT % "{{ url }}"), Arguments(manifest=TEXT % "")
    assert problems(given, rendered) == (
        "spec.source.options[0].value: its template rendered to nothing",
    )


def test_a_yaml_document_that_rendered_to_nothing_is_named() -> None:
    given = Arguments(manifest="{% if false %}x{% endif %}")
    assert problems(given, Arguments(manifest="\n")) == (
        "manifest: its template rendered to nothing",
    )


def test_an_empty_variable_of_the_executor_is_let_through() -> None:
    text = TEXT % "https://x" + "  executor: {env: [{name: HTTPS_PROXY, value: ''}]}\n"
    given = Arguments(manifest=text + "# {{ ds }}")
    made = complete(given, Arguments(manifest=text))
    assert made["spec"]["executor"]["env"] == [{"name": "HTTPS_PROXY", "value": ""}]


def test_what_an_xcom_brought_is_looked_at(pvc: dict[str, Any]) -> None:
    given = Arguments(source=object(), sink=pvc)
    assert problems(given, Arguments(source=None, sink=pvc)) == (
        "source: its template rendered to nothing",
    )
    assert "spec.source" in problems(given, Arguments(source="text", sink=pvc))[0]


def test_a_manifest_that_an_xcom_brought_must_be_one() -> None:
    assert "must be a mapping" in problems(Arguments(manifest=object()), Arguments(manifest=[1]))[0]


def test_a_name_that_a_template_spoiled_is_told(git: dict[str, Any], pvc: dict[str, Any]) -> None:
    given = Arguments(source=git, sink=pvc, name="{{ x }}")
    rendered = Arguments(source=git, sink=pvc, name="A B")
    assert problems(given, rendered)[0].startswith("metadata.name: must be lower case")


def test_metadata_that_is_no_mapping_is_told(manifest: dict[str, Any]) -> None:
    given = Arguments(manifest={**manifest, "metadata": ["a"]})
    assert problems(given, given) == ("metadata: must be a mapping",)
