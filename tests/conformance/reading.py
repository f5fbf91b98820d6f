"""
What counts of an answer: the part that every server of the API must say alike.

Uids, versions and times are each server's own, so what is kept of them is their rule: a version is
``new``, ``same`` or ``moved``; a uid in a text becomes ``UID``. Fields beyond metadata count where
the script asks for them (``show``): a server may fill in defaults that no client of ours reads.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MASKS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (
        re.compile(r"(too old resource version: \d+|resource version is too old: \d+) \(\d+\)"),
        r"\1 (N)",
    ),
    (re.compile(r"(Too large resource version: \d+, current: )\d+"), r"\1N"),
    (re.compile(r"(ResourceVersion in record \()\d+"), r"\1N"),
    (re.compile(r"\b(made-|Bad_)[a-z0-9]{5}\b"), r"\1NAME"),
)
_KEPT = (
    "generation",
    "generateName",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "deletionGracePeriodSeconds",
)
_MISSING = "(absent)"
_LONGEST = 400  # a server may print whole objects into its messages


@dataclass
class Raw:
    """An answer as it came."""

    status: int
    text: str
    content_type: str
    warning: str = ""
    is_watch: bool = False

    def json(self) -> Any:
        """Return the body as JSON; None where it is none."""
        return json.loads(self.text) if self.content_type == "application/json" else None


@dataclass
class Reader:
    """Reduces answers to what counts; remembers the versions of what it saw."""

    namespace: str
    versions: dict[str, str] = field(default_factory=dict)

    def read(self, raw: Raw, show: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Any:
        """Return what counts of an answer, as plain JSON."""
        said: dict[str, Any] = {"status": raw.status, **self._body(raw, show)}
        if raw.warning:
            said["warning"] = raw.warning
        masked: dict[str, Any] = self._masked({k: v for k, v in said.items() if k not in ignore})
        return masked

    def _body(self, raw: Raw, show: tuple[str, ...]) -> dict[str, Any]:
        if raw.is_watch and raw.status == 200:
            lines = [json.loads(line) for line in raw.text.splitlines()]
            if all(line.keys() == {"type", "object"} for line in lines):
                return {"events": [_event(line, show) for line in lines]}
        body = raw.json()
        if body is None:
            return {"type": raw.content_type} | ({"text": raw.text} if len(raw.text) < 100 else {})
        if not isinstance(body, dict):
            return {"value": body}
        if body.get("kind") == "Status" and "status" in body:
            return _status(body)
        return {**self._shape(body), **{path: _at(body, path) for path in show}}

    def _shape(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("kind") == "Table":
            return _table(body)
        return _list(body) if "items" in body else self._object(body)

    def _object(self, body: Mapping[str, Any]) -> dict[str, Any]:
        said = {key: body[key] for key in ("kind", "apiVersion") if key in body}
        meta = body.get("metadata")
        if not isinstance(meta, dict) or "uid" not in meta:
            return said
        said["name"] = meta["name"]
        said |= {key: meta[key] for key in _KEPT if meta.get(key)}
        if "deletionTimestamp" in meta:
            said["deleting"] = True
        said["version"] = self._rule_of(meta)
        return said

    def _rule_of(self, meta: Mapping[str, Any]) -> str:
        if "resourceVersion" not in meta:
            return "none"  # it was a dry run
        before = self.versions.get(meta["uid"])
        now = self.versions[meta["uid"]] = meta["resourceVersion"]
        return "new" if before is None else "same" if before == now else "moved"

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._masked(key): self._masked(below) for key, below in value.items()}
        if isinstance(value, list):
            return [self._masked(below) for below in value]
        if not isinstance(value, str):
            return value
        value = value.replace(self.namespace, "NS")
        for pattern, mask in _MASKS:
            value = pattern.sub(mask, value)
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _status(body: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("status", "reason", "message")
    said = {"answer" if key == "status" else key: body[key] for key in keys if key in body}
    details = dict(body.get("details") or {})
    if causes := details.pop("causes", None):
        said["causes"] = causes
    return said | ({"details": details} if details else {})


def _list(body: Mapping[str, Any]) -> dict[str, Any]:
    meta = body["metadata"]
    said = {"kind": body["kind"], "items": [item["metadata"]["name"] for item in body["items"]]}
    if meta.get("continue"):
        said["continues"] = True
    if "remainingItemCount" in meta:
        said["remaining"] = meta["remainingItemCount"]
    return said


def _table(body: Mapping[str, Any]) -> dict[str, Any]:
    columns = [f"{c['name']}:{c['type']}:{c['priority']}" for c in body["columnDefinitions"]]
    return {"columns": columns, "rows": [row["object"]["metadata"]["name"] for row in body["rows"]]}


def _event(event: Mapping[str, Any], show: tuple[str, ...]) -> Any:
    kind, obj = event["type"], event["object"]
    if kind == "ERROR":
        return {"ERROR": _status(obj), "code": obj["code"]}
    if kind == "BOOKMARK":
        notes = obj["metadata"].get("annotations")
        return {"BOOKMARK": obj["kind"], **({"annotations": notes} if notes else {})}
    said = f"{kind} {obj['metadata'].get('name', obj['kind'])}"
    return {said: {path: _at(obj, path) for path in show}} if show else said


def _at(body: Any, path: str) -> Any:
    """Return what stands at ``a.b.0.c``; ``a.*.b`` collects from a list."""
    for key, rest in _steps(path):
        if key == "*":
            known = body if isinstance(body, list) else ()
            return [_at(below, rest) if rest else below for below in known]
        if isinstance(body, list):
            body = body[int(key)] if int(key) < len(body) else _MISSING
        else:
            body = body.get(key, _MISSING) if isinstance(body, dict) else _MISSING
    return body


def _steps(path: str) -> Iterator[tuple[str, str]]:
    keys = re.split(r"(?<!\\)\.", path)
    for place, key in enumerate(keys):
        yield key.replace("\\.", "."), ".".join(keys[place + 1 :])


def without_words(answer: Any) -> Any:
    """Return an answer without what is for people: messages, warnings, texts."""
    if isinstance(answer, dict):
        words = ("message", "warning", "text")
        return {key: without_words(below) for key, below in answer.items() if key not in words}
    if isinstance(answer, list):
        return [without_words(below) for below in answer]
    return answer
