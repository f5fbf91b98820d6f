"""
Where an end is, as one URI: the same for Airflow's assets, for OpenLineage and for people.

``pvc://namespace/claim/path``, ``s3://bucket/key``, ``hf://[datasets/]owner/name``, and a Git
repository by its own address. Pure. An end whose place is not to be told (it stands in a Secret, or
depends on a variable) has none: the empty text. No credential gets into a URI. All of them are as
Airflow's normalisation leaves them, so what is compared with them is equal.

Source: the URI of an OpenLineage dataset is its namespace and its name,
https://openlineage.io/docs/spec/naming
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REPO = re.compile(r"[\w.-]+(?:/[\w.-]+)?", re.ASCII)
_HUB_KINDS: Final = {"datasets": "datasets/", "spaces": "spaces/", "models": ""}
_HUB_PAGES: Final = frozenset({"tree", "blob", "resolve", "raw", "commit"})
_REPO_TYPE: Final = "--repo-type"
_UNKNOWN: Final = ("$(", "{{", "{%")  # what the kubelet or Jinja still has to put in
_KEPT: Final = "/=+,:@~!&'()*;"  # means nothing in a path, so it is left readable


class Ends(NamedTuple):
    """The two ends of a transfer, each a URI or nothing."""

    source: str
    sink: str


def ends_of(spec: Mapping[str, Any], namespace: str) -> Ends:
    """Return where the data of a DataCube comes from and where it goes."""
    executor = spec.get("executor") or {}
    extra = (executor.get("options") or {}).get("extraArgs") or ()
    source, sink = (uri_of(spec.get(end) or {}, namespace, extra) for end in ("source", "sink"))
    return Ends(source, sink)


def uri_of(end: Mapping[str, Any], namespace: str, extra_args: Sequence[str] = ()) -> str:
    """Return where an end of the manifest's shape is; ``namespace`` is the DataCube's."""
    kind = end.get("type")
    if kind == "pvc":
        return _volume(end.get("pvc") or {}, namespace)
    options = {str(o.get("name")): o.get("value") for o in end.get("options") or ()}
    if kind == "s3":
        return _s3(_told(options.get("s3-uri")))
    if kind == "huggingface":
        return _hub(_told(options.get("repo")), extra_args)
    return _git(_address(options.get("url"))) if kind == "git" else ""


def dataset_of(uri: str) -> tuple[str, str]:
    """Return the namespace and the name of a URI's OpenLineage dataset."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}", unquote(parts.path).strip("/") or "/"


def _told(value: object) -> str:
    """Return an option that says the same to everybody."""
    is_known = isinstance(value, str) and not any(mark in value for mark in _UNKNOWN)
    return str(value).strip() if is_known else ""


def _address(value: object) -> str:
    """Return the address of a repository without its user info, which may be a credential."""
    if not isinstance(value, str):
        return ""
    scheme, found, rest = value.strip().partition("://")
    authority, _, path = rest.partition("/")
    return _told(f"{scheme}://{authority.rpartition('@')[2]}/{path}") if found else ""


def _volume(pvc: Mapping[str, Any], namespace: str) -> str:
    claim, path = _told(pvc.get("name")), pvc.get("subPath") or ""
    if not claim or not namespace or (path and not _told(path)):
        return ""
    return _joined(f"pvc://{namespace}/{claim}", path)


def _s3(text: str) -> str:
    bucket, _, key = text.removeprefix("s3://").partition("/")
    return _joined(f"s3://{bucket}", key) if text.startswith("s3://") and bucket else ""


def _hub(text: str, extra_args: Sequence[str]) -> str:
    scheme, found, rest = text.rpartition("://")
    if found and scheme != "hf":
        rest = rest.partition("/")[2]  # the page of a repository: without its host
    pieces = rest.partition("@")[0].strip("/").split("/")
    end = next((at for at, piece in enumerate(pieces) if at and piece in _HUB_PAGES), None)
    pieces = pieces[:end]
    is_typed = len(pieces) > 1 and pieces[0] in _HUB_KINDS
    kind = _HUB_KINDS[pieces[0]] if is_typed else _kind_given(extra_args)
    name = "/".join(pieces[is_typed:])
    first, _, rest = f"{kind}{name}".partition("/")
    return _joined(f"hf://{first}", rest) if _REPO.fullmatch(name) else ""


def _kind_given(extra_args: Sequence[str]) -> str:
    """Return what ``--repo-type dataset`` or ``--repo-type=dataset`` puts before a name."""
    words = [word for argument in extra_args for word in str(argument).split("=", 1)]
    given = [after for word, after in pairwise(words) if word == _REPO_TYPE]
    return _HUB_KINDS.get(f"{given[-1]}s", "") if given else ""


def _git(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in text
    except ValueError:
        return ""
    if not is_plain or parts.query or parts.fragment:
        return ""  # no address that a transfer takes; a stray character may have cut a token in two
    return _joined(f"{parts.scheme}://{parts.netloc.lower()}", unquote(parts.path))


def _joined(base: str, path: str) -> str:
    """Put a path below a base; an authority alone ends in a slash, as Airflow writes it."""
    below = quote(path.strip("/"), safe=_KEPT)
    is_bare = "/" not in base.partition("://")[2]
    return f"{base}/{below}" if below or is_bare else base
