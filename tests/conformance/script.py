"""
Reads the scripts: which requests a topic makes, in which order.

A script is written by hand in ``scripts/TOPIC.yaml``; what a real server answered stands in
``answers/TOPIC.json`` and is written by ``record.py`` alone. They are apart so that nobody mends an
answer by hand. This module knows neither HTTP nor what an answer means.

A step is a mapping. Its one verb (``get``, ``post``, ``put``, ``delete``, ``merge``, ``json``,
``strategic``, ``apply``, ``watch``…) names the place: ``datacubes/a``, or a path from the root.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = Path(__file__).parent
_VERBS = {
    **{verb: (verb.upper(), "application/json") for verb in ("get", "post", "put", "delete")},
    "head": ("HEAD", ""),
    "watch": ("GET", ""),
    "merge": ("PATCH", "application/merge-patch+json"),
    "json": ("PATCH", "application/json-patch+json"),
    "strategic": ("PATCH", "application/strategic-merge-patch+json"),
    "apply": ("PATCH", "application/apply-patch+yaml"),
}
_GROUPS = {
    "datacubes": "/apis/tensorstack.dev/v1beta1",
    "jobs": "/apis/batch/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
_ACCEPTS = {
    "Table": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "Metadata": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
    "MetadataList": (
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
    ),
}


@dataclass(frozen=True)
class Step:
    """One request, and which parts of its answer matter beyond the usual ones."""

    name: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    is_watch: bool = False
    alias: str = ""
    """Later steps say ``${alias.metadata.uid}`` for what this one was answered."""

    show: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    until: Mapping[str, Any] = field(default_factory=dict)
    """Asked again until the answer has these values: a controller of the server brings it about."""

    repeat: int = 1
    meanwhile: tuple[Step, ...] = ()
    """Sent while the watch is open."""


@dataclass(frozen=True)
class Script:
    """The steps of one topic, in their order."""

    topic: str
    steps: tuple[Step, ...]

    def named(self) -> Iterator[Step]:
        """Yield every step, those within a watch too."""
        for step in self.steps:
            yield step
            yield from step.meanwhile


def scripts() -> tuple[Script, ...]:
    """Return every topic."""
    return tuple(_script(path) for path in sorted((_HERE / "scripts").glob("*.yaml")))


def answers_file(topic: str) -> Path:
    """Return where the answers of a topic are recorded."""
    return _HERE / "answers" / f"{topic}.json"


def answers(topic: str) -> dict[str, Any]:
    """Return what a real server answered: ``server``, and ``answers`` by the step's name."""
    recorded: dict[str, Any] = json.loads(answers_file(topic).read_text())
    return recorded


def _script(path: Path) -> Script:
    script = Script(path.stem, tuple(_step(s) for s in yaml.safe_load(path.read_text())["steps"]))
    names = [step.name for step in script.named()]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{path.name}: two steps have the name {sorted(twice)}")
    return script


def _step(said: dict[str, Any]) -> Step:
    verb = next(verb for verb in _VERBS if verb in said)
    method, content_type = _VERBS[verb]
    place, is_watch = said[verb], verb == "watch"
    query = {key: str(value) for key, value in said.get("query", {}).items()}
    accept = said.get("accept", "application/json")
    headers = {"Accept": _ACCEPTS.get(accept, accept)}
    if "body" in said or "raw" in said:
        headers["Content-Type"] = said.get("type", content_type)
    return Step(
        name=said.get("name", f"{verb} {place}"),
        method=method,
        path=place if place.startswith("/") else _path(place),
        query={"watch": "true", "timeoutSeconds": "1", **query} if is_watch else query,
        headers=headers,
        body=said.get("raw", said.get("body")),
        is_watch=is_watch,
        alias=said.get("as", ""),
        show=tuple(said.get("show", ())),
        ignore=tuple(said.get("ignore", ())),
        until=said.get("until", {}),
        repeat=said.get("repeat", 1),
        meanwhile=tuple(_step(below) for below in said.get("meanwhile", ())),
    )


def _path(place: str) -> str:
    """Return the path of a place in the namespace of the topic."""
    plural = place.split("/", maxsplit=1)[0]
    return f"{_GROUPS.get(plural, '/api/v1')}/namespaces/${{ns}}/{place}"
