"""
What is wrong with ``conn_id`` and ``secret_ref``, as early as it can be known. Pure.

Asked when the DAG is parsed, of a draft in which templates still stand, and again of what they were
rendered to. A credential that is given twice is an error: nobody could say which one counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._credentials.slots import SLOTS, service_of
from airflow_provider_datacube._templates import holds_template, is_nothing
from datacube_api.core import DNS_SUBDOMAIN, SecretRef
from datacube_api.environment import to_variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_datacube._credentials.slots import Slot

_SHAPE: Final = (
    "secret_ref: must be the name of a Secret, a SecretRef, or a mapping of name and keys "
    '({"name": "my-secret", "keys": {"token": "my-key"}})'
)


def plain_ref(secret_ref: Any) -> Any:
    """Return a ``SecretRef`` as the mapping that Jinja can render: it names the token's key."""
    if isinstance(secret_ref, SecretRef):
        return {"name": secret_ref.name, "keys": {"token": secret_ref.key}}
    return secret_ref


def name_and_keys(secret_ref: Any) -> tuple[str, dict[str, str]]:
    """Return the Secret, and the keys that somebody named, by field; of one without problems."""
    if isinstance(secret_ref, str):
        return secret_ref, {}
    return secret_ref["name"], dict(secret_ref.get("keys") or {})


def problems(conn_id: Any, secret_ref: Any, draft: Any) -> Iterator[str]:
    """Yield what is wrong, whatever the templates render to: the field first, and no value."""
    if conn_id is None and secret_ref is None:
        return
    if conn_id is not None and secret_ref is not None:
        yield "secret_ref: conn_id is given too; keep one of them"
    found = list(_malformed(conn_id, secret_ref))
    yield from found
    spec = draft.get("spec") if isinstance(draft, dict) else None
    if found or not isinstance(spec, dict) or (service := service_of(spec)) is None:
        return
    named = _named_fields(secret_ref)
    known = {slot.field: slot for slot in SLOTS[service.kind]}
    if not known.keys() >= set(named):
        yield f"secret_ref.keys: type {service.kind} takes {', '.join(known)}, and nothing else"
        return
    taken = [slot for slot in known.values() if slot.field in named or _is_expected(slot)]
    by = "secret_ref" if conn_id is None else "conn_id"
    yield from _given_twice(spec, service.where, taken, by)


def _malformed(conn_id: Any, secret_ref: Any) -> Iterator[str]:
    if conn_id is not None and not holds_template(conn_id):
        if not isinstance(conn_id, str):
            yield f"conn_id: must be the id of an Airflow connection, not {type(conn_id).__name__}"
        elif is_nothing(conn_id):
            yield "conn_id: is empty; leave it out where no credential is needed"
    if isinstance(secret_ref, dict):
        yield from _malformed_mapping(secret_ref)
    elif isinstance(secret_ref, str):
        yield from _malformed_name("secret_ref", secret_ref)
    elif secret_ref is not None and not holds_template(secret_ref):
        yield f"{_SHAPE}, not {type(secret_ref).__name__}"


def _malformed_mapping(secret_ref: Mapping[Any, Any]) -> Iterator[str]:
    keys = secret_ref.get("keys") or {}
    if not secret_ref.keys() <= {"name", "keys"} or "name" not in secret_ref:
        yield _SHAPE
        return
    yield from _malformed_name("secret_ref.name", secret_ref["name"])
    if isinstance(keys, dict):
        if not all(isinstance(key, str) and key.strip() for key in _known(keys.values())):
            yield "secret_ref.keys: each must be a key of the Secret, a text that is not empty"
    elif not holds_template(keys):
        yield _SHAPE


def _malformed_name(field: str, name: Any) -> Iterator[str]:
    if holds_template(name):
        return
    if not isinstance(name, str) or not re.fullmatch(DNS_SUBDOMAIN, name):
        yield f"{field}: must be the name of a Secret: lower case letters, digits, '-' and '.'"


def _known(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if not holds_template(value))


def _named_fields(secret_ref: Any) -> tuple[str, ...]:
    keys = secret_ref.get("keys") if isinstance(secret_ref, dict) else None
    return tuple(keys) if isinstance(keys, dict) else ()


def _is_expected(slot: Slot) -> bool:
    return slot.is_usual and not slot.is_public


def _given_twice(
    spec: Mapping[str, Any], where: str, taken: Iterable[Slot], by: str
) -> Iterator[str]:
    targets = {slot.target for slot in taken}
    for entry in entries_of(spec, where):
        if entry.target in targets:
            yield f"spec.{entry.path}: is a credential, and {by} gives it too; keep one of them"


@dataclass(frozen=True)
class Entry:
    """What stands in a spec already: where, the variable that it becomes, and a plain value."""

    path: str
    target: str
    value: Any = field(repr=False)


def entries_of(spec: Mapping[str, Any], where: str) -> Iterator[Entry]:
    """Yield the options of the service, then the executor's variables."""
    executor = spec.get("executor")
    env = executor.get("env") if isinstance(executor, dict) else None
    for path, name, value in _listed(spec[where].get("options"), f"{where}.options"):
        yield Entry(path, to_variable(name), value)
    for path, name, value in _listed(env, "executor.env"):
        yield Entry(path, name, value)


def _listed(entries: Any, base: str) -> Iterator[tuple[str, str, Any]]:
    for index, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield f"{base}[{index}]", entry["name"], entry.get("value")
