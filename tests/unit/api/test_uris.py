from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.uris import Ends, dataset_of, ends_of, uri_of

SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


def end(kind: str, option: str, value: Any) -> dict[str, Any]:
    given = {"valueFrom": value} if isinstance(value, dict) else {"value": value}
    return {"type": kind, "options": [{"name": option, **given}]}


def pvc(name: str, path: str = "") -> dict[str, Any]:
    return {"type": "pvc", "pvc": {"name": name, "subPath": path}}


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        (pvc("data"), "pvc://ml/data"),
        (pvc("data", "a/b"), "pvc://ml/data/a/b"),
        (pvc("data", "run 1#2?/模型"), "pvc://ml/data/run%201%232%3F/%E6%A8%A1%E5%9E%8B"),
        (pvc("data", "scheduled__2026-11-26T00:00:00+00:00"), None),
        (pvc("{{ ds }}"), ""),
        ({"type": "pvc"}, ""),
        (end("s3", "s3-uri", "s3://bucket"), "s3://bucket/"),
        (end("s3", "s3-uri", "s3://bucket/a b/"), "s3://bucket/a%20b"),
        (end("s3", "s3-uri", SECRET), ""),
        (end("s3", "s3-uri", "bucket/a"), ""),
        (end("huggingface", "repo", "org/model"), "hf://org/model"),
        (end("huggingface", "repo", "hf://datasets/org/set@main"), "hf://datasets/org/set"),
        (end("huggingface", "repo", "models/org/model"), "hf://org/model"),
        (
            end("huggingface", "repo", "https://huggingface.co/spaces/org/app/tree/main"),
            "hf://spaces/org/app",
        ),
        (end("huggingface", "repo", "gpt2"), "hf://gpt2/"),
        (end("huggingface", "repo", "$(REPO)"), ""),
        (end("git", "url", "https://Host.example:8443/a/b.git/"), None),
        (end("git", "url", "https://$(TOKEN)@host/a/b.git"), "https://host/a/b.git"),
        (end("git", "url", "https://user:canary@host/a/b.git"), "https://host/a/b.git"),
        (end("git", "url", "https://$(HOST)/a/b.git"), ""),
        (end("git", "url", "https://[half/a.git"), ""),
        (end("git", "url", SECRET), ""),
        (end("other", "x", "y"), ""),
        ({}, ""),
    ],
)
def test_an_end_is_one_uri(given: dict[str, Any], uri: str | None) -> None:
    known = {
        "pvc": "pvc://ml/data/scheduled__2026-11-26T00:00:00+00:00",
        "git": "https://host.example:8443/a/b.git",
    }
    assert uri_of(given, "ml") == (known[given["type"]] if uri is None else uri)


@pytest.mark.parametrize("arguments", [["--repo-type", "dataset"], ["--repo-type=dataset"]])
def test_an_argument_says_what_kind_of_repository_it_is(arguments: list[str]) -> None:
    spec = {
        "source": end("huggingface", "repo", "org/set"),
        "sink": pvc("data"),
        "executor": {"options": {"extraArgs": arguments}},
    }
    assert ends_of(spec, "ml") == Ends("hf://datasets/org/set", "pvc://ml/data")


def test_a_volume_of_no_known_namespace_is_nowhere() -> None:
    assert uri_of(pvc("data"), "") == ""


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda token: "@" not in token))
def test_no_credential_gets_into_a_uri(token: str) -> None:
    uri = uri_of(end("git", "url", f"https://canary{token}canary@host.example/a.git"), "ml")
    assert "canary" not in uri


@pytest.mark.parametrize(
    ("uri", "dataset"),
    [
        ("s3://bucket/a%20b/c", ("s3://bucket", "a b/c")),
        ("s3://bucket/", ("s3://bucket", "/")),
        ("pvc://ml/data/code", ("pvc://ml", "data/code")),
        ("hf://datasets/org/set", ("hf://datasets", "org/set")),
        ("https://host/a/b.git", ("https://host", "a/b.git")),
    ],
)
def test_a_dataset_has_the_authority_for_its_namespace(uri: str, dataset: tuple[str, str]) -> None:
    assert dataset_of(uri) == dataset
