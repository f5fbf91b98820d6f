"""
The files of a pod's volumes that the API holds: Secrets, ConfigMaps and the pod's own fields.

Pure over ``find``. What is missing holds up the creation of the container, which is another reason
to wait than a missing variable's. Of a file's mode only the owner's part counts: nobody else shares
the machine's files with a pod.

Source: CollectData and MakePayload in kubernetes/pkg/volume/{secret,configmap,downwardapi} and
collectData in kubernetes/pkg/volume/projected/projected.go, whose words the errors repeat
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import CONFIG_MAPS, SECRETS
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.variables import data_of, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.pods.downward import Downward
    from datacube_runtime.local.pods.variables import Find

_KEYED = {"secret": SECRETS, "configMap": CONFIG_MAPS}
_ABSENT_KEY = {
    SECRETS: "references non-existent secret key: {}",
    CONFIG_MAPS: "configmap references non-existent config key: {}",
}
_MODE = 0o644
_OWNERS = 0o700


@dataclass(frozen=True)
class File:
    """What is in a file, and what its owner may do with it."""

    content: bytes
    mode: int = _MODE & _OWNERS


def files_of(volume: Mapping[str, Any], downward: Downward, find: Find) -> dict[str, File]:
    """
    Return the files of a volume by path; none where the volume is of another kind.

    :raises ContainerConfigError: a Secret, a ConfigMap or a key that is not optional is missing.
    """
    try:
        if (projected := volume.get("projected")) is not None:
            return _projected(projected, downward, find)
        return _source(volume, volume, downward, find)
    except ContainerConfigError as error:
        message = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
        raise ContainerConfigError(message, "ContainerCreating") from None


def _projected(projected: Mapping[str, Any], downward: Downward, find: Find) -> dict[str, File]:
    """Return the files of all sources; of two with one path the later counts."""
    files: dict[str, File] = {}
    for source in projected.get("sources") or ():
        files |= _source(source, projected, downward, find)
    return files


def _source(
    source: Mapping[str, Any], volume: Mapping[str, Any], downward: Downward, find: Find
) -> dict[str, File]:
    """Return the files of one source; a projected volume gives its mode to all of them."""
    for field, plural in _KEYED.items():
        if (keyed := source.get(field)) is not None:
            return _keyed(plural, keyed, _default_mode(volume, keyed), find)
    if (own := source.get("downwardAPI")) is not None:
        mode = _default_mode(volume, own)
        return {
            item["path"]: File(downward.file(item).encode(), _mode(item.get("mode"), mode))
            for item in own.get("items") or ()
        }
    return {}


def _keyed(plural: str, source: Mapping[str, Any], mode: int, find: Find) -> dict[str, File]:
    """Return all keys of a Secret or ConfigMap, or those of ``items``, as files."""
    name, optional = source.get("secretName") or source.get("name", ""), source.get("optional")
    found = find(plural, name)
    if found is None and not optional:
        raise missing(plural, name)
    data = data_of(plural, found) if found is not None else {}
    if not (items := source.get("items")):
        return {key: File(content, mode) for key, content in data.items()}
    files = {}
    for item in items:
        if item["key"] in data:
            files[item["path"]] = File(data[item["key"]], _mode(item.get("mode"), mode))
        elif not optional:
            raise ContainerConfigError(_ABSENT_KEY[plural].format(item["key"]))
    return files


def _default_mode(volume: Mapping[str, Any], source: Mapping[str, Any]) -> int:
    given = source.get("defaultMode", volume.get("defaultMode"))
    return _mode(given, File.mode)


def _mode(given: int | None, default: int) -> int:
    return default if given is None else given & _OWNERS
