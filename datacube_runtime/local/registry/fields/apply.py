"""
Server-side apply: what becomes of an object when a manager states all that it wants of it.

What the manager states is merged in; what it stated before and does not any more goes, unless
somebody else owns it; what somebody else owns and would change is a conflict, unless it is forced.
Pure: from the live object and the applied one to the object to be written, with its owners.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and merge/update.go in
https://github.com/kubernetes-sigs/structured-merge-diff
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    bad_request,
    conflict,
    internal,
)
from datacube_runtime.local.registry.fields import lastapplied
from datacube_runtime.local.registry.fields.managed import (
    BEFORE_APPLY,
    UPDATE,
    Author,
    conflicts,
    from_before,
    in_order,
    owned_part,
    taken,
)
from datacube_runtime.local.registry.fields.ownership import (
    compare,
    merge,
    named,
    stated,
    without,
)
from datacube_runtime.local.registry.fields.sets import difference, intersection, paths, union
from datacube_runtime.local.registry.fields.typed import misfits
from datacube_runtime.local.registry.resources import SECRETS
from datacube_runtime.local.registry.wire.identity import check_identity, other_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.fields.managed import Entries, Entry
    from datacube_runtime.local.registry.fields.sets import Fields
    from datacube_runtime.local.registry.fields.types import Type
    from datacube_runtime.local.registry.resources import Resource

_CONFLICT = 409


@dataclass(frozen=True)
class Application:
    """One request to apply: to which kind, by whom, when, and whether conflicts are overruled."""

    resource: Resource
    kind: Type
    author: Author
    time: str
    is_forced: bool = False

    def checked(self, namespace: str | None, config: Any) -> dict[str, Any]:
        """
        Return what is applied, made sure that it can be applied to this kind at all.

        :raises ApiStatusError: (400, 500 as a real server has it) it cannot.
        """
        if not isinstance(config, dict):
            raise bad_request("error decoding YAML: what is applied has to be an object")
        resource, version = self.resource, str(config.get("apiVersion") or "")
        said = (version if "/" in version else f"/{version}", config.get("kind") or "")
        if (version, said[1]) != (resource.api_version, resource.kind):
            raise bad_request(f"invalid object type: {said[0]}, Kind={said[1]}")
        meta = config.get("metadata")
        if isinstance(meta, dict) and meta.get("managedFields") is not None:
            raise bad_request("metadata.managedFields must be nil")
        if why := misfits(resource, self.kind, config, is_secret=resource == SECRETS):
            place = "/".join(_text(meta, field) for field in ("namespace", "name"))
            what = f"{place}; {said[0]}, Kind={said[1]}"
            raise internal(f"failed to create typed patch object ({what}): {why}")
        checked: dict[str, Any] = copy.deepcopy(config)
        check_identity(self.resource, namespace, checked)
        return checked

    def first(self, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return the object that is to be created, all of it owned by who applies it.

        :raises ApiStatusError: (400, 409) it is to be another object than the one of that name.
        """
        resource, said = self.resource, config["metadata"]
        if not said.get("name"):
            why = f"the name of the object ({name} based on URL) was undeterminable"
            raise bad_request(f"{why}: name must be provided")
        if said.get("uid"):
            why = f"uid mismatch: the provided object specified uid {said['uid']}, and no existing "
            why += "object was found"
            raise conflict(resource.qualified, name, why, resource.group, resource.plural)
        if said["name"] != name:
            raise other_name(said["name"], name)
        claim = stated(self.kind, self._part(config))
        entries = [self.author.entry(claim, self.time)] if claim else []
        meta = {key: value for key, value in config["metadata"].items() if key != "resourceVersion"}
        return {**config, "metadata": {**meta, "managedFields": entries}}

    def on(self, live: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return the live object as it becomes.

        :raises ApiStatusError: (409) others own what would change.
        """
        old, part = owned_part(live), self._part(config)
        before = live["metadata"].get("managedFields") or self._unknown_owners(old)
        own = next((entry for entry in before if self.author.wrote(entry)), None)
        claim = stated(self.kind, part)
        others = [entry for entry in before if entry is not own]
        claims = union(claim, _all(others))
        last = own["fieldsV1"] if own else {}
        new = {"metadata": {}, **self._pruned(merge(self.kind, old, part), last, claims)}
        touched, removed = compare(self.kind, old, new)
        self._refuse_conflicts(live, conflicts(others, touched, self.author))
        time = self.time if touched or removed else (own or {}).get("time")
        entries = taken(others, touched, removed)
        if claim:
            entries.append(self.author.entry(claim, time))
        lastapplied.renew(new, config, self.author.manager)
        return _put_together(live, new, config["metadata"], in_order(entries))

    def _part(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is applied as far as the endpoint takes it: status apart from the rest."""
        part, only = owned_part(config), self.author.subresource
        if only:
            return {key: value for key, value in part.items() if key == only}
        if self.resource.has_status:
            part.pop("status", None)
        if not part["metadata"]:
            del part["metadata"]
        return part

    def _unknown_owners(self, old: Mapping[str, Any]) -> Entries:
        author = Author(BEFORE_APPLY, UPDATE, self.author.api_version)
        return from_before(old, self.kind, author, self.time, is_custom=self.resource.is_custom)

    def _pruned(self, merged: dict[str, Any], last: Fields, claims: Fields) -> dict[str, Any]:
        """Return the merged object without what was stated last time and is nobody's any more."""
        kind = self.kind
        if not last:
            return merged
        everything, last = named(kind, stated(kind, merged)), named(kind, last)
        pruned = named(kind, stated(kind, without(kind, merged, last)))
        gone = difference(everything, union(pruned, named(kind, claims)))
        pruned = named(kind, stated(kind, without(kind, merged, gone)))
        return without(kind, merged, intersection(difference(everything, pruned), last))

    def _refuse_conflicts(
        self, live: Mapping[str, Any], found: Sequence[tuple[Entry, Fields]]
    ) -> None:
        if self.is_forced or not found:
            return
        allowed = lastapplied.allowed(self.kind, live, self.author)
        if all(not difference(fields, allowed) for _, fields in found):
            return
        remaining = [(entry, difference(fields, allowed)) for entry, fields in found]
        raise _conflict([(entry, fields) for entry, fields in remaining if fields])


def _text(meta: Any, field: str) -> str:
    """Return a field of metadata that has not been looked at; nothing where it is no text."""
    found = meta.get(field, "") if isinstance(meta, dict) else ""
    return found if isinstance(found, str) else ""


def _all(entries: Sequence[Entry]) -> Fields:
    fields: Fields = {}
    for entry in entries:
        fields = union(fields, entry["fieldsV1"])
    return fields


def _put_together(
    live: Mapping[str, Any], new: dict[str, Any], said: Mapping[str, Any], entries: Entries
) -> dict[str, Any]:
    """Return the whole object: what nobody can own as it was, or as the client takes it to be."""
    kept = owned_part(live)["metadata"]
    meta = {key: value for key, value in live["metadata"].items() if key not in kept}
    meta |= new["metadata"] | {"managedFields": entries}
    meta |= {key: said[key] for key in ("name", "uid", "resourceVersion") if said.get(key)}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], **new, "metadata": meta}


def _conflict(found: Sequence[tuple[Entry, Fields]]) -> ApiStatusError:
    """Return the 409 that names each field and its owner."""
    owners = [(_owner(entry), list(paths(fields))) for entry, fields in found]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": path}
        for owner, owned in owners
        for path in owned
    ]
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines = []
        for owner, owned in sorted(owners):
            lines += [f"conflicts with {owner}:", *(f"- {path}" for path in owned)]
        message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return ApiStatusError(_CONFLICT, "Conflict", message, {"causes": causes})


def _owner(entry: Entry) -> str:
    name = f'"{entry.get("manager", "")}"'
    if entry.get("subresource"):
        name += f' with subresource "{entry["subresource"]}"'
    return f"{name} using {entry['apiVersion']}" if entry["operation"] == UPDATE else name
