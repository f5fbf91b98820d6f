"""
An object's way into the store: how it begins, what an update may change, when it is refused.

Pure: given the old object, the new one and the kind's particulars, these say what is to be written.
The registry writes it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause, conflict, internal, invalid, stale
from datacube_runtime.local.registry.metadata import rules as metadata
from datacube_runtime.local.registry.resources import DEFINITIONS, PODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.registry.kind import Kind
    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Resource


def begin(
    resource: Resource,
    kind: Kind,
    obj: dict[str, Any],
    timestamp: str,
    make_name: Callable[[str], str],
) -> None:
    """
    Make a new object of what a client sent: name, identity, birth; no status of its own.

    :raises ApiStatusError: (500, as a real server has it) it says which version it is.
    """
    meta = metadata.clean(obj)
    if meta.pop("resourceVersion", None):
        raise internal("resourceVersion should not be set on objects to be created")
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = make_name(meta["generateName"])
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
    check_identical(resource, meta.get("uid"), old)
    name = old["metadata"]["name"]
    if "resourceVersion" not in meta and not kind.updates_blindly:
        message = "Invalid value: 0: must be specified for an update"
        cause = Cause("FieldValueInvalid", "metadata.resourceVersion", message)
        # The plural stands for the kind here: so does a real server's answer.
        raise invalid(resource.plural, resource.group, name, [cause])


def check_identical(resource: Resource, uid: str | None, old: Mapping[str, Any]) -> None:
    """
    Make sure that a write means the object that is there, where it says which one.

    :raises ApiStatusError: (409) it has another uid.
    """
    meta = old["metadata"]
    if uid in (None, meta["uid"]):
        return
    why = (
        f"StorageError: invalid object, Code: 4, Key: {_stored_at(resource, old)}, "
        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
        f"{uid}, UID in object meta: {meta['uid']}"
    )
    raise conflict(resource.qualified, meta["name"], why, resource.group, resource.plural)


def _stored_at(resource: Resource, obj: Mapping[str, Any]) -> str:
    """Return where a real server would keep the object; clients see it in a refusal."""
    meta, is_alone = obj["metadata"], resource.is_custom or resource == DEFINITIONS
    place = (meta["namespace"], meta["name"]) if resource.namespaced else (meta["name"],)
    return "/".join(("/registry", *([resource.group] if is_alone else []), resource.plural, *place))


def merged(
    resource: Resource, kind: Kind, old: dict[str, Any], new: dict[str, Any], subresource: str
) -> dict[str, Any]:
    """
    Return the object as the endpoint lets it become: status apart from all the rest.

    :raises ApiStatusError: (409) the client did not see the latest version.
    """
    version = old["metadata"]["resourceVersion"]
    if new["metadata"].pop("resourceVersion", version) != version:
        raise stale(resource, old["metadata"]["name"])
    if subresource:
        meta = _metadata_by_status(resource, old["metadata"], new["metadata"])
        return {**old, "metadata": meta, subresource: new.get(subresource, {})}
    if resource.has_status:
        new.pop("status", None)
        new |= {"status": old["status"]} if "status" in old else {}
    return new | {part: old[part] for part in kind.server_owned if part in old}


def _metadata_by_status(
    resource: Resource, old: dict[str, Any], new: dict[str, Any]
) -> dict[str, Any]:
    """
    Return the metadata that comes with a status: of built-in kinds a client may change it so too.

    Source: PrepareForUpdate of the status strategies in k8s.io/kubernetes/pkg/registry and
    k8s.io/apiextensions-apiserver/pkg/registry
    """
    if resource.is_custom or resource == DEFINITIONS:
        return dict(old)
    if resource != PODS:
        return new
    kept = {field: old[field] for field in ("ownerReferences",) if field in old}
    return {**{field: said for field, said in new.items() if field != "ownerReferences"}, **kept}


def refuse_if_invalid(
    resource: Resource, kind: Kind, new: dict[str, Any], old: dict[str, Any] | None, write: Write
) -> None:
    """
    Make sure that an object may be written.

    :raises ApiStatusError: (422) it may not, for these causes.
    """
    meta = new["metadata"]
    if old is None:
        causes = metadata.problems(resource, meta, kind.name_problems)
    else:
        causes = metadata.update_problems(resource, meta, old["metadata"], kind.name_problems)
    causes += kind.problems(new, old, causes)
    causes += kind.more_problems(new, old, write)
    if causes:
        raise invalid(resource.kind, resource.group, meta.get("name", ""), causes)


def finished(kind: Kind, new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any] | None:
    """Return an update as it is to be written; None where there is nothing to write."""
    metadata.keep_server_owned(new["metadata"], old["metadata"])
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    if new == old:
        return None
    if kind.has_generation and metadata.spec_differs(new, old):
        new["metadata"]["generation"] += 1
    return new


def warn_of_finalizers(
    resource: Resource, obj: Mapping[str, Any], before: Mapping[str, Any], write: Write
) -> None:
    """Tell a client of the finalizers that it adds to a custom resource."""
    if resource.is_custom:
        write.warnings += metadata.finalizer_warnings(obj["metadata"], before)
