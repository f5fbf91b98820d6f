"""
Put references to a Secret where the transfer looks for credentials. Pure.

The options go before those that are there: the kubelet expands ``$(TOKEN)`` from variables that are
defined earlier only. What is public may be there already, from the author; it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._credentials.given import entries_of, name_and_keys
from airflow_provider_datacube._credentials.slots import SLOTS, USERNAME
from airflow_provider_datacube._credentials.urls import with_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_datacube._credentials.slots import Service, Slot


@dataclass(frozen=True)
class Sources:
    """Where each field's value is: under a key of one Secret, or in plain."""

    secret: str
    keys: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    """Fields whose key the Secret may lack."""
    public: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_ref(cls, kind: str, secret_ref: Any) -> Sources:
        """Read ``secret_ref``: every usual field under its usual key, unless another is named."""
        secret, named = name_and_keys(secret_ref)
        usual = {slot.field: slot.key for slot in SLOTS[kind] if slot.is_usual}
        needed = {slot.field for slot in SLOTS[kind] if slot.is_required} | named.keys()
        return cls(secret, {**usual, **named}, frozenset(usual.keys() - needed))

    def of(self, slot: Slot) -> dict[str, Any] | None:
        """Return what an EnvVar has beside its name; None where there is nothing for the slot."""
        if slot.field in self.public:
            return {"value": self.public[slot.field]}
        if slot.field not in self.keys:
            return None
        reference: dict[str, Any] = {"name": self.secret, "key": self.keys[slot.field]}
        if slot.field in self.optional:
            reference["optional"] = True
        return {"valueFrom": {"secretKeyRef": reference}}


def placed(spec: Mapping[str, Any], service: Service, sources: Sources) -> dict[str, Any]:
    """Return the spec with a reference for each field, and the addresses that nobody else gives."""
    where, kind = service
    there = {entry.target for entry in entries_of(spec, where)}
    options, variables = [], []
    for slot in SLOTS[kind]:
        if (source := sources.of(slot)) is None or (slot.is_public and slot.target in there):
            continue
        if slot.option:
            options.append({"name": slot.option, **source})
        else:
            variables.append({"name": slot.variable, **source})
    end = {**spec[where], "options": [*options, *(spec[where].get("options") or ())]}
    if USERNAME.field in sources.keys:
        end["options"] = [_with_user(option) for option in end["options"]]
    filled = {**spec, where: end}
    if variables:
        executor = spec.get("executor") or {}
        filled["executor"] = {**executor, "env": [*(executor.get("env") or ()), *variables]}
    return filled


def _with_user(option: Mapping[str, Any]) -> Mapping[str, Any]:
    url = option.get("value")
    if option["name"] != "url" or not isinstance(url, str):
        return option
    return {**option, "value": with_user(url, f"$({USERNAME.target})")}
