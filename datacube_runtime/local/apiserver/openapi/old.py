"""
OpenAPI version 2, which is empty.

kubectl asks for it where it does not know a kind. What counts is that it is answered, since only
then kubectl says which kind it does not know.

Source: OpenAPIv2/OpenAPIv2.proto in github.com/google/gnostic-models for the fields, and
k8s.io/kube-openapi/pkg/handler/handler.go for the media types
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.discovery import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPTED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The same as it is answered: with the other sign it is no media type."""

DOCUMENT: Mapping[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "datacube-local", "version": VERSION["gitVersion"]},
    "paths": {},
}
"""The answer to ``/openapi/v2``."""


def as_protobuf() -> bytes:
    """Return the same as protobuf, in which kubectl wants it."""
    info = _text(1, DOCUMENT["info"]["title"]) + _text(2, DOCUMENT["info"]["version"])
    return _text(1, DOCUMENT["swagger"]) + _part(2, info)


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _part(field: int, data: bytes) -> bytes:
    """Return a field that has a length; all here are shorter than the 128 that one byte tells."""
    return bytes(((field << 3) | 2, len(data))) + data
