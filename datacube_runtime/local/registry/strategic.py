"""
Strategic merge patch: like a merge patch, but lists whose items have a key are merged by it.

Which list has which key is a property of Kubernetes' types. The table below holds the lists of the
kinds that are served here; every other list is replaced as a whole, which is also what the real
types say of lists without a merge key.

Source: the ``patchMergeKey`` tags in k8s.io/api/core/v1/types.go, and
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from typing import Any

_MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "env": ("name",),
    "ports": ("containerPort",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey",),
}
_PRIMITIVE_SETS = {"finalizers"}


def strategic_merge(target: Any, patch: Any) -> Any:
    """Return ``target`` with a strategic merge patch applied; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith("$"):
            _obey(result, key, value)
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _merged_list(key, result.get(key) or [], value)
        else:
            result[key] = strategic_merge(result.get(key), value)
    return result


def _obey(result: dict[str, Any], directive: str, value: Any) -> None:
    """Carry out a directive that stands beside the fields."""
    name, _, field = directive.partition("/")
    if name == "$retainKeys":
        for key in set(result) - set(value):
            del result[key]
    elif name == "$deleteFromPrimitiveList":
        result[field] = [item for item in result.get(field, ()) if item not in value]
    # $setElementOrder only orders what the merge has put together already.


def _merged_list(name: str, target: list[Any], patch: list[Any]) -> list[Any]:
    if name in _PRIMITIVE_SETS:
        return [*target, *(item for item in patch if item not in target)]
    keys = _MERGE_KEYS.get(name)
    if keys is None or not all(isinstance(item, dict) for item in [*target, *patch]):
        return patch
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    result = {_identity(item, keys): item for item in target}
    for item in patch:
        identity = _identity(item, keys)
        if item.get("$patch") == "delete":
            result.pop(identity, None)
        else:
            result[identity] = strategic_merge(result.get(identity), item)
    return list(result.values())


def _identity(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    return repr([item.get(key) for key in keys])
