"""
What a client accepts: in which format and in which shape an answer is to come.

JSON and YAML are written here, protobuf is not: a client that takes nothing else is refused, before
anything is done. Clients that prefer protobuf and take JSON too get JSON.

Source: NegotiateMediaTypeOptions in k8s.io/apiserver/pkg/endpoints/handlers/negotiation and, for
built-in kinds, what the web framework in front of it refuses
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from datacube_runtime.local.registry.errors import not_acceptable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JSON, YAML = "application/json", "application/yaml"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_SPOKEN = (JSON, YAML, _PROTOBUF)
_STREAMS = (f"{JSON};stream=watch", f"{_PROTOBUF};stream=watch")
_SHAPES = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})
_VERSIONS = frozenset({"v1", "v1beta1"})
_META_GROUP = "meta.k8s.io"


class Choice(NamedTuple):
    """The answer that a client and this server agree upon."""

    media_type: str = JSON
    shape: str = ""
    """Table, PartialObjectMetadata or PartialObjectMetadataList; empty for the plain object."""

    version: str = "v1"

    @property
    def api_version(self) -> str:
        """Return the version of the shape."""
        return f"{_META_GROUP}/{self.version}"


class _Clause(NamedTuple):
    media_type: str
    said: Mapping[str, str]


@lru_cache(maxsize=256)  # clients have but a few ways of asking
def chosen(accept: str, *, is_custom: bool, is_collection: bool) -> Choice:
    """
    Return what an ``Accept`` header amounts to.

    :raises ApiStatusError: (406) nothing in it is spoken here.
    """
    if not accept:
        return Choice()
    clauses = _clauses(accept)
    if not is_custom and not any(c.media_type in (*_SPOKEN, "*/*") for c in clauses):
        spoken = ", ".join((*_SPOKEN, *(_STREAMS if is_collection else ())))
        raise not_acceptable(f"406: Not Acceptable\n\nAvailable representations: {spoken}")
    for clause in clauses:
        media_type = _written(clause.media_type)
        choice = _choice(media_type, clause.said) if media_type else None
        if choice is not None:
            return choice
    if any(clause.media_type == _PROTOBUF for clause in clauses):
        raise not_acceptable(
            "the embedded cluster does not write protobuf: "
            f"only the following media types are accepted: {JSON}, {YAML}"
        )
    spoken = ", ".join(_SPOKEN)
    raise not_acceptable(f"only the following media types are accepted: {spoken}")


def check_streamed(choice: Choice) -> None:
    """
    Make sure that a watch can be written in the format agreed upon.

    :raises ApiStatusError: (406) it is YAML, of which there is no stream.
    """
    if choice.media_type != JSON:
        raise not_acceptable(f"only the following media types are accepted: {', '.join(_STREAMS)}")


def _clauses(accept: str) -> list[_Clause]:
    """Return what is accepted, what is liked best first."""
    parted = ([part.strip() for part in clause.split(";")] for clause in accept.split(","))
    clauses = [_Clause(parts[0], _parameters(parts[1:])) for parts in parted]
    return sorted(clauses, key=lambda clause: -_liking(clause.said))


def _parameters(parts: Iterable[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _liking(said: Mapping[str, str]) -> float:
    try:
        return float(said.get("q", "1"))
    except ValueError:
        return 1.0


def _written(media_type: str) -> str:
    if media_type in ("*/*", "application/*"):
        return JSON
    return media_type if media_type in (JSON, YAML) else ""


def _choice(media_type: str, said: Mapping[str, str]) -> Choice | None:
    if not said.keys() & {"as", "g", "v"}:
        return Choice(media_type)
    shape, version = said.get("as", ""), said.get("v", "")
    if shape not in _SHAPES or version not in _VERSIONS or said.get("g") != _META_GROUP:
        return None
    return Choice(media_type, shape, version)
