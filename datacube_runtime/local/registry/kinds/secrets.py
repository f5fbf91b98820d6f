"""
Secrets: their values are base64 and never repeated; some types must have certain keys.

Source: ValidateSecret and ValidateSecretUpdate in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

import base64
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import required, wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.entries import (
    decoded_size,
    frozen_problems,
    key_problems,
    size_problems,
)
from datacube_runtime.local.registry.wire.scalars import json_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

_BASIC_AUTH = ("username", "password")
_SSH_KEY = "ssh-privatekey"
_TLS = ("tls.crt", "tls.key")
_ACCOUNT = "kubernetes.io/service-account.name"
_DOCKER_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "kubernetes.io/dockercfg": ".dockercfg",
        "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    }
)
_GO_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "Expecting value": "looking for beginning of value",
        "Extra data": "after top-level value",
        "Expecting property name enclosed in double quotes": (
            "looking for beginning of object key string"
        ),
        "Expecting ':' delimiter": "after object key",
        "Invalid control character at": "in string literal",
    }
)


def _admit_secret(obj: dict[str, Any], _write: Write) -> None:
    """Turn ``stringData`` into ``data``; it is never shown again."""
    data = obj.pop("data", None) or {}
    for key, value in (obj.pop("stringData", None) or {}).items():
        data[key] = base64.b64encode(value.encode()).decode()
    if data:
        obj["data"] = data
    if not obj.get("type"):
        obj["type"] = "Opaque"


def _secret_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    data: Mapping[str, str] = new.get("data") or {}
    found = []
    if old is not None and new["type"] != old["type"]:
        found.append(wrong("type", new["type"], "field is immutable"))
    found += frozen_problems(new, old, "data")
    found += key_problems(new, "data")
    found += size_problems(sum(decoded_size(value) for value in data.values()), "data")
    return [*found, *_type_problems(new, data)]


def _type_problems(secret: Mapping[str, Any], data: Mapping[str, str]) -> Iterator[Cause]:
    said = secret["type"]
    if said in _DOCKER_KEYS:
        yield from _docker_problems(data, _DOCKER_KEYS[said])
    elif said == "kubernetes.io/service-account-token":
        if not (secret["metadata"].get("annotations") or {}).get(_ACCOUNT):
            yield required(f"metadata.annotations[{_ACCOUNT}]")
    else:
        for key in _missing(said, data):
            yield required(f"data[{key}]")


def _missing(said: str, data: Mapping[str, str]) -> list[str]:
    """Return the keys that a type must have; of user and password one is enough."""
    if said == "kubernetes.io/basic-auth":
        return [] if data.keys() & set(_BASIC_AUTH) else [*_BASIC_AUTH]
    if said == "kubernetes.io/ssh-auth":
        return [] if data.get(_SSH_KEY) else [_SSH_KEY]
    return [key for key in _TLS if key not in data] if said == "kubernetes.io/tls" else []


def _docker_problems(data: Mapping[str, str], key: str) -> Iterator[Cause]:
    if key not in data:
        yield required(f"data[{key}]")
    elif problem := _json_problem(base64.b64decode(data[key]).decode(errors="replace")):
        yield wrong(f"data[{key}]", "<secret contents redacted>", problem)


def _json_problem(text: str) -> str:
    """
    Return why a text is no JSON object, in the words of Go; empty if it is one.

    Source: https://pkg.go.dev/encoding/json#SyntaxError
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            return "unexpected end of JSON input"
        where = _GO_WORDS.get(error.msg, "in literal")
        return f"invalid character '{text[error.pos]}' {where}"
    if value is None or isinstance(value, dict):
        return ""
    what = json_name(value)
    return f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"


SECRET_KIND = Kind(admit=_admit_secret, problems=_secret_problems)
