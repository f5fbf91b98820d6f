"""
Keeps the owners of an object's fields with every write: what the registry asks, and when.

The server's own additions to a new object (a Job's selector, a claim's finalizer) are nobody's;
defaults belong to whoever left the field out. Both are so on a real server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.fields.apply import Application
from datacube_runtime.local.registry.fields.managed import (
    APPLY,
    UPDATE,
    Author,
    begun,
    blank,
    owned_part,
    rewritten,
    said,
)
from datacube_runtime.local.registry.fields.ownership import compare
from datacube_runtime.local.registry.fields.sets import difference
from datacube_runtime.local.registry.fields.types import built_in_type
from datacube_runtime.local.registry.jsontext import copied as deeply_copied

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from datacube_runtime.local.registry.fields.sets import Fields
    from datacube_runtime.local.registry.fields.types import Type
    from datacube_runtime.local.registry.kind import Kind
    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Resource

Object = dict[str, Any]


class Owners:
    """Writes ``managedFields`` into objects that are about to be stored."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def generated(self, resource: Resource, kind: Kind, sent: Object, obj: Object) -> Fields:
        """Return what the server itself has added to what a client sent."""
        if not kind.generates:
            return {}
        return compare(_type(resource, kind), owned_part(sent), owned_part(obj))[0]

    def begin(
        self, resource: Resource, kind: Kind, obj: Object, generated: Fields, write: Write
    ) -> None:
        """Give a new object its first owner; one that is applied has it already."""
        if write.applies:
            return
        part = owned_part(obj)
        if resource.has_status:
            part.pop("status", None)
        empty = blank(is_custom=resource.is_custom)
        fields, _ = compare(_type(resource, kind), empty, part)
        if generated:
            fields = difference(fields, generated)
        author = Author(write.manager, UPDATE, resource.api_version)
        _set(obj, begun(author, fields, obj["metadata"]["creationTimestamp"]))

    def take_over(self, new: Object, old: Object, written: Any, write: Write) -> None:
        """Let an update go on from the owners so far, or from what its client says of them."""
        live = old["metadata"].get("managedFields", [])
        _set(new, written if write.applies else said(written, live))

    def follow(
        self, resource: Resource, kind: Kind, versions: tuple[Object, Object], write: Write
    ) -> None:
        """Write down who changed what on the way from the old to the new of two versions."""
        old, new = versions
        entries = new["metadata"].get("managedFields")
        if write.applies or not entries:
            return
        change = compare(_type(resource, kind), owned_part(old), owned_part(new))
        author = Author(write.manager, UPDATE, resource.api_version, write.subresource)
        _set(new, rewritten(entries, author, change, timestamp(self._now())))

    def application(self, resource: Resource, kind: Kind, write: Write) -> Application:
        """Return what a request to apply is about."""
        author = Author(write.manager, APPLY, resource.api_version, write.subresource)
        time = timestamp(self._now())
        return Application(resource, _type(resource, kind), author, time, write.force)


def copied(obj: Object) -> Object:
    """Return a deep copy, but for the owners: they are the most, and never changed in place."""
    if "managedFields" not in (meta := obj["metadata"]):
        whole: Object = deeply_copied(obj)
        return whole
    rest = {key: value for key, value in meta.items() if key != "managedFields"}
    result: Object = deeply_copied({**obj, "metadata": rest})
    result["metadata"]["managedFields"] = meta["managedFields"]
    return result


def _type(resource: Resource, kind: Kind) -> Type:
    return kind.fields or built_in_type(resource)


def _set(obj: Object, entries: Any) -> None:
    """Write the entries where a client finds them; none at all leave no trace."""
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)
