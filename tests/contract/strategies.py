"""
DataCube specs near the borders: good ones, and what is left of them after some changes.

A change picks a place of the CRD's schema and puts there what is just inside, just outside or of
another type altogether. Values with a meaning (names that become the same variable, paths that
leave the volume) come from lists by hand.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from datacube_api.crd import crd

if TYPE_CHECKING:
    from collections.abc import Iterator

Spec = dict[str, Any]
Path = tuple[str | int, ...]

GONE = object()
SECRET = {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}
AMOUNT = {"resourceFieldRef": {"containerName": "c", "resource": "limits.cpu", "divisor": "1"}}
FIELD = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
VOLUME = {"name": "data", "subPath": "a/b", "template": {"metadata": {}, "spec": {}}}
EXECUTOR = {
    "options": {
        "sync": False,
        "backoffLimit": 2,
        "activeDeadlineSeconds": 60,
        "extraArgs": ["--depth=1"],
    },
    "env": [
        {"name": "HTTPS_PROXY", "value": "http://proxy"},
        {"name": "CPU", "valueFrom": AMOUNT},
        {"name": "POD", "valueFrom": FIELD},
    ],
    "securityContext": {"runAsUser": 1},
}


def _options(**plain: str) -> list[Spec]:
    given = [{"name": name.replace("_", "-"), "value": value} for name, value in plain.items()]
    return [{"name": "token", "valueFrom": SECRET}, *given]


SERVICES: dict[str, Spec] = {
    "git": {"type": "git", "options": _options(url="https://$(TOKEN)@x/a/b.git", ref="main")},
    "huggingface": {"type": "huggingface", "options": _options(repo="a/b", files="c, d")},
    "s3": {"type": "s3", "options": _options(s3_uri="s3://a/b", s3_no_check_bucket="true")},
}
_DOWNLOADS: list[Spec] = [
    {"source": end, "sink": {"type": "pvc", "pvc": VOLUME}, "executor": EXECUTOR}
    for end in SERVICES.values()
]
_UPLOADS: list[Spec] = [
    {"source": {"type": "pvc", "options": [], "pvc": {"name": "data", "subPath": "a"}}, "sink": end}
    for end in SERVICES.values()
]
GOOD: list[Spec] = [*_DOWNLOADS, *_UPLOADS]

_SUB_PATHS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/..",
    "a/../b",
    "a/..b",
    "..a",
    "...",
    "a/ ..",
]
_CLAIMS = ["a", "a.b", "a-b", "0", "a..b", "-a", "a-", ".a", "A", "a_b", "a b", "é", "a\n", "\na"]
_OPTIONS = [
    "url", "URL", "Url", "repo", "s3-uri", "s3_uri", "files", "FILES", "token", "a-b", "a_b", "A-B",
    "é", "É", "ß", "\u0131", "HTTPS_PROXY", "https-proxy", " url", "url\n", "=",
]  # fmt: skip
_BY_HAND: dict[str, list[Any]] = {
    "subPath": _SUB_PATHS,
    "type": ["pvc", "git", "huggingface", "s3", "S3", "", "PVC"],
    "options[].name": _OPTIONS,
    "env[].name": ["URL", "url", "TOKEN", "S3_URI", "a-b", "É", "", "HTTPS_PROXY"],
    "pvc.name": _CLAIMS,
    "value": ["", " ", "$(TOKEN)", "x"],
    "divisor": ["", "1Gi", 0, 2**63 - 1, 2**63, -(2**63), 2**53, 1.5e300],
    "options": [[], _options(), SERVICES["git"]["options"], SERVICES["s3"]["options"]],
    "pvc": [{"name": "data"}, VOLUME],
    "valueFrom": [{}, SECRET, {"configMapKeyRef": {"name": "c", "key": "k"}}],
    "executor": [{}, {"options": {"sync": True}}, {"env": [{"name": "TOKEN"}]}],
    "sync": [True, False],
}
_NUMBERS = [-1, 0, 1, 2**31 - 1, 2**31, 2**63, 1.0, 0.0, -1.0, 1.5, 1e300, True, "1", "", None]
_OTHERS = [None, True, 0, 7, 2.0, 2.5, "", "x", [], [None], {}, GONE]


def places(schema: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every place of a schema, the items of a list by 0."""
    if path:
        yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from places(below, (*path, name))
    if "items" in schema:
        yield from places(schema["items"], (*path, 0))


SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
PLACES = list(places(SCHEMA))


def borders(path: Path, schema: dict[str, Any]) -> list[Any]:
    """Return what is just inside a place's borders, just outside, and of other types."""
    written = ".".join(map(str, path)).replace(".0", "[]")
    by_hand = [
        value for end, some in _BY_HAND.items() if f".{written}".endswith(end) for value in some
    ]
    if longest := schema.get("maxLength"):
        by_hand += ["a" * (longest + more) for more in (-1, 0, 1)] + ["é" * longest]
    if schema.get("type") == "integer":
        by_hand += _NUMBERS
    if most := schema.get("maxItems"):
        item = "a" if schema["items"]["type"] == "string" else {"name": "x"}
        lists = [
            [item if item == "a" else {"name": f"x{n}"} for n in range(most + m)] for m in (0, 1)
        ]
        by_hand += lists
    return [*by_hand, *_OTHERS]


CHANGES = st.sampled_from(PLACES).flatmap(
    lambda place: st.tuples(st.just(place[0]), st.sampled_from([*borders(*place)]))
)
TEXTS = st.sampled_from([p for p, s in PLACES if s.get("type") == "string"]).flatmap(
    lambda path: st.tuples(st.just(path), st.text(max_size=12))
)


def changed(spec: Any, path: Path, value: Any) -> Any:
    """Return a spec with a value put (or nothing left) at a place, as far as there is one."""
    spec = copy.deepcopy(spec)
    below, last = spec, path[-1]
    for step in path[:-1]:
        below = _below(below, step)
    if isinstance(below, dict) and isinstance(last, str):
        below[last] = copy.deepcopy(value)
        if value is GONE:
            del below[last]
    elif isinstance(below, list) and value is not GONE:
        below[:1] = [copy.deepcopy(value)]
    return spec


def _below(value: Any, step: str | int) -> Any:
    """Return what is one step down, made where it is missing and can be."""
    if isinstance(value, dict):
        return value.setdefault(step, {})
    if isinstance(value, list):
        return value[0] if value else None
    return None


def specs(*, most: int) -> st.SearchStrategy[Any]:
    """Return specs that are up to ``most`` changes away from a good one."""

    def build(good: Spec, changes: list[tuple[Path, Any]]) -> Any:
        for path, value in changes:
            good = changed(good, path, value)
        return good

    changes = st.lists(st.one_of(CHANGES, CHANGES, TEXTS), min_size=1, max_size=most)
    return st.builds(build, st.sampled_from(GOOD), changes)
