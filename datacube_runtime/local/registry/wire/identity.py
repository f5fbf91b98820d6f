"""
Whether an object belongs where it was sent and can be read: its kind, types, namespace and name.

Checked before anything else, because every later message speaks of the object by these, and every
later module takes the types of its fields for granted. Events in other words are brought into the
store's here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import ApiStatusError, Cause, bad_request, invalid
from datacube_runtime.local.registry.events import to_core
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import BUILT_IN, NEW_EVENTS
from datacube_runtime.local.registry.wire.decoding import decode
from datacube_runtime.local.registry.wire.scalars import DecodingError
from datacube_runtime.local.registry.wire.structs import NEW_EVENT

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Resource

_REGISTERED = {(known.api_version, known.kind) for known in BUILT_IN}
_SCHEME = '"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'


def check_identity(
    resource: Resource, namespace: str | None, obj: dict[str, Any], write: Write | None = None
) -> None:
    """
    Make sure that an object fits its endpoint, and write down what it leaves to the endpoint.

    A built-in object may leave out apiVersion and kind (the Python client's models do). Fields that
    nobody knows are dropped, and told to ``write``.

    :raises ApiStatusError: (400, 422) it does not fit.
    """
    write = write or Write(field_validation="Ignore")
    version = spoken_in(resource, write)
    if not resource.is_custom:
        obj["apiVersion"] = obj.get("apiVersion") or version
        obj["kind"] = obj.get("kind") or resource.kind
    _check_kind(resource, obj, version)
    _check_types(resource, obj, write)
    if version == NEW_EVENTS.api_version:
        _rewrite(obj, to_core(obj))
    meta = obj["metadata"]
    if resource.namespaced:
        if meta.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
    elif meta.get("namespace"):
        raise bad_request("namespace should not be set on objects without one")


def other_name(said: str, name: str) -> ApiStatusError:
    """Return the error for an object under another name than the endpoint's."""
    return bad_request(
        f"the name of the object ({said}) does not match the name on the URL ({name})"
    )


def spoken_in(resource: Resource, write: Write) -> str:
    """Return the version in whose words an object comes; what is applied is the store's already."""
    return (not write.applies and write.version) or resource.api_version


def _rewrite(obj: dict[str, Any], new: dict[str, Any]) -> None:
    obj.clear()
    obj.update(new)


def _check_types(resource: Resource, obj: dict[str, Any], write: Write) -> None:
    """Bring an object into the types of its fields; of a custom resource only the metadata."""
    obj["metadata"] = {} if obj.get("metadata") is None else obj["metadata"]
    try:
        if resource.is_custom:
            unknown = decode("ObjectMeta", obj["metadata"], "metadata")
        else:
            is_new = obj["apiVersion"] == NEW_EVENTS.api_version
            unknown = decode(NEW_EVENT if is_new else resource.kind, obj)
    except DecodingError as error:
        raise write.undecodable(resource, str(error)) from None
    write.unknown += [f'unknown field "{path}"' for path in unknown]
    if not resource.is_custom:  # the schema of a custom resource has yet to be asked
        write.meet_unknown(resource)


def _check_kind(resource: Resource, obj: dict[str, Any], version: str) -> None:
    for field, name in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not isinstance(obj.get(field), str) or not obj[field]:
            raise bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                f"Object '{name}' is missing"
            )
    if not resource.is_custom:
        _check_registered(resource, obj["apiVersion"], obj["kind"], version)
    if obj["apiVersion"] != version:
        raise bad_request(
            f"the API version in the data ({obj['apiVersion']}) does not match the expected API "
            f"version ({version})"
        )
    if obj["kind"] == resource.kind:
        return
    meta = obj.get("metadata")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    message = f'Invalid value: "{obj["kind"]}": must be {resource.kind}'
    cause = Cause("FieldValueInvalid", "kind", message)
    raise invalid(obj["kind"], resource.group, name, [cause])


def _check_registered(resource: Resource, said: str, kind: str, version: str) -> None:
    """
    Make sure that a built-in kind is sent, and one that can become what is asked for.

    Source: transformDecodeError in k8s.io/apiserver/pkg/endpoints/handlers/rest.go
    """
    if (said, kind) == (version, resource.kind):
        return
    short, package = said.rpartition("/")[2], resource.group.partition(".")[0] or "core"
    if (said, kind) not in _REGISTERED:
        why = f'no kind "{kind}" is registered for version "{said}" in scheme {_SCHEME}'
    elif kind != resource.kind:
        why = f"converting ({short}.{kind}) to ({package}.{resource.kind}): unknown conversion"
    else:
        return
    raise bad_request(f'{kind} in version "{short}" cannot be handled as a {resource.kind}: {why}')
