"""
The volumes of a pod, and where its containers mount them.

Of the kinds of volumes that need a machine's own storage or a driver, only the number is looked at.

Source: ValidateVolumes, validateVolumeSource and ValidateVolumeMounts in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    absent,
    at,
    denied,
    duplicate,
    each,
    required,
    wrong,
)
from datacube_runtime.local.registry.kinds.podspec.downward import source_problems
from datacube_runtime.local.registry.metadata.names import label_problems
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_REQUIRED = {
    "configMap": "name",
    "hostPath": "path",
    "persistentVolumeClaim": "claimName",
    "secret": "secretName",
}
"""What a kind of volume has to say."""

_OF_FILES = ("secret", "configMap", "downwardAPI")
_MODE_MAX = 0o777
_BAD_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def judged(path: str, volumes: list[Mapping[str, Any]] | None) -> tuple[set[str], list[Cause]]:
    """Return the volumes that may be mounted, which have nothing wrong, and what is wrong."""
    names: set[str] = set()
    problems: list[Cause] = []
    for where, volume in each(path, volumes):
        if found := [*_volume_problems(where, volume, names)]:
            problems += found
        else:
            names.add(volume["name"])
    return names, problems


def mount_problems(
    path: str, mounts: list[Mapping[str, Any]] | None, volumes: Iterable[str]
) -> Iterator[Cause]:
    """Yield what is wrong with the mounts of a container; a subPath is told without its place."""
    taken: set[str] = set()
    for where, mount in each(path, mounts):
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(at(where, "name"))
        if name not in volumes:
            yield absent(at(where, "name"), name)
        if not target:
            yield required(at(where, "mountPath"))
        if target in taken:
            yield wrong(at(where, "mountPath"), target, "must be unique")
        taken.add(target)
        yield from _descending_problems(at(path, "subPath"), mount.get("subPath", ""))
        if "subPathExpr" in mount and mount.get("subPath"):
            why = "subPathExpr and subPath are mutually exclusive"
            yield wrong(at(where, "subPathExpr"), mount["subPathExpr"], why)
        yield from _descending_problems(at(path, "subPathExpr"), mount.get("subPathExpr", ""))


def _volume_problems(path: str, volume: Mapping[str, Any], names: set[str]) -> Iterator[Cause]:
    kinds = [kind for kind in volume if kind != "name"]
    for kind in kinds[1:]:
        yield denied(at(path, kind), "may not specify more than 1 volume type")
    for kind in kinds[:1]:
        yield from _source_problems(at(path, kind), kind, volume[kind])
    name = volume.get("name", "")
    if not name:
        yield required(at(path, "name"))
    for problem in label_problems(name) if name else ():
        yield wrong(at(path, "name"), name, problem)
    if name in names:
        yield duplicate(at(path, "name"), name)


def _source_problems(path: str, kind: str, source: Mapping[str, Any]) -> Iterator[Cause]:
    field = _REQUIRED.get(kind, "")
    if field and not source.get(field):
        yield required(at(path, field))
    if kind == "hostPath":
        yield from _backstep_problems(at(path, "path"), source.get("path", ""))
    if kind == "emptyDir" and amount(source.get("sizeLimit", "0")) < 0:
        why = "SizeLimit field must be a valid resource quantity"
        yield denied(at(path, "sizeLimit"), why)
    yield from _mode_problems(at(path, "defaultMode"), source.get("defaultMode", 0))
    if kind in _OF_FILES:
        yield from _file_problems(path, kind, source)
    if kind == "projected":
        yield from _projected_problems(path, source)


def _projected_problems(path: str, source: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with several sources that fill one directory: no file is of two."""
    taken: set[str] = set()
    for where, part in each(at(path, "sources"), source.get("sources")):
        for kind in _OF_FILES:
            if kind not in part:
                continue
            name = part[kind].get("name", "")
            if not name and kind != "downwardAPI":
                yield required(at(where, kind, "name"))
            yield from _file_problems(at(where, kind), kind, part[kind])
            for item in part[kind].get("items") or ():
                if (target := item.get("path", "")) in taken:
                    yield wrong(path, name or target, "conflicting duplicate paths")
                taken |= {target} if target else set()
        if len(part) > 1:
            yield denied(where, "may not specify more than 1 volume type")


def _file_problems(path: str, kind: str, source: Mapping[str, Any]) -> Iterator[Cause]:
    for where, item in each(at(path, "items"), source.get("items")):
        yield from _item_problems(where, item, has_key=kind != "downwardAPI")
        if kind == "downwardAPI":
            yield from source_problems(where, item)


def _item_problems(path: str, item: Mapping[str, Any], *, has_key: bool) -> Iterator[Cause]:
    for field in ("key", "path") if has_key else ("path",):
        if not item.get(field):
            yield required(at(path, field))
    target = item.get("path", "")
    yield from _descending_problems(at(path, "path"), target)
    if target.startswith("..") and not target.startswith("../") and target != "..":
        yield wrong(at(path, "path"), target, "must not start with '..'")
    yield from _mode_problems(at(path, "mode"), item.get("mode", 0))


def _mode_problems(path: str, mode: int) -> Iterator[Cause]:
    if not 0 <= mode <= _MODE_MAX:
        yield wrong(path, mode, _BAD_MODE)


def _descending_problems(path: str, target: str) -> Iterator[Cause]:
    if target.startswith("/"):
        yield wrong(path, target, "must be a relative path")
    yield from _backstep_problems(path, target)


def _backstep_problems(path: str, target: str) -> Iterator[Cause]:
    if ".." in target.split("/"):
        yield wrong(path, target, "must not contain '..'")
