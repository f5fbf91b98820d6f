"""
An object's way into the store: how it begins, what an update may change, when it is refused.

Pure: given the old object, the new one and the kind's particulars, these say what is to be written.
The registry writes it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry import metadata
from datacube_runtime.local.registry.errors import Cause, conflict, internal, invalid, stale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.kind import Kind
    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Resource


def begin(resource: Resource, kind: Kind, obj: dict[str, Any], timestamp: str) -> None:
    """
    Make a new object of what a client sent: name, identity, birth; no status of its own.

    :raises ApiStatusError: (500, as a real server has it) it says which version it is.
    """
    meta = metadata.clean(obj)
    if meta.pop("resourceVersion", None):
        raise internal("resourceVersion should not be set on objects to be created")
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = metadata.generated_name(meta["generateName"])
    for field in metadata.SERVER_OWNED:
        meta.pop(field, None)
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = timestamp
    if kind.has_generation:
        meta["generation"] = 1
    if resource.has_status:
        obj.pop("status", None)
    kind.start(obj)


def check_replacement(
    resource: Resource, kind: Kind, meta: Mapping[str, Any], old: Mapping[str, Any]
) -> None:
    """
    Make sure that a PUT means the object that is there.

    :raises ApiStatusError: (409) it has another uid, (422) it must say which version it replaces.
    """
    name, uid = old["metadata"]["name"], old["metadata"]["uid"]
    if meta.get("uid", uid) != uid:
        why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {uid}"
        raise conflict(resource.qualified, name, why, resource.group, resource.plural)
    if "resourceVersion" not in meta and not kind.updates_blindly:
        message = "Invalid value: 0: must be specified for an update"
        cause = Cause("FieldValueInvalid", "metadata.resourceVersion", message)
        # The plural stands for the kind here: so does a real server's answer.
        raise invalid(resource.plural, resource.group, name, [cause])


def merged(
    resource: Resource, old: dict[str, Any], new: dict[str, Any], subresource: str
) -> dict[str, Any]:
    """
    Return the object as the endpoint lets it become: status apart from all the rest.

    :raises ApiStatusError: (409) the client did not see the latest version.
    """
    version = old["metadata"]["resourceVersion"]
    if new["metadata"].pop("resourceVersion", version) != version:
        raise stale(resource, old["metadata"]["name"])
    if subresource:
        kept = {**old, "metadata": dict(old["metadata"])}
        return {**kept, subresource: new.get(subresource, {})}
    if resource.has_status:
        new.pop("status", None)
        new |= {"status": old["status"]} if "status" in old else {}
    return new


def refuse_if_invalid(
    resource: Resource, kind: Kind, new: dict[str, Any], old: dict[str, Any] | None
) -> None:
    """
    Make sure that an object may be written.

    :raises ApiStatusError: (422) it may not, for these causes.
    """
    meta = new["metadata"]
    causes = metadata.problems(meta, kind.name_problems)
    if old is not None:
        # Twice for custom resources, as a real server does.
        causes += metadata.update_problems(meta, old["metadata"]) * (1 + resource.is_custom)
    causes += kind.problems(new, old, causes)
    if causes:
        raise invalid(resource.kind, resource.group, meta.get("name", ""), causes)


def finished(
    kind: Kind, new: dict[str, Any], old: dict[str, Any], write: Write
) -> dict[str, Any] | None:
    """Return an update as it is to be written; None where there is nothing to write."""
    metadata.keep_server_owned(new["metadata"], old["metadata"])
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    if new == old or write.dry_run:
        return None
    if kind.has_generation and metadata.spec_differs(new, old):
        new["metadata"]["generation"] += 1
    return new
