"""
What a claim's volume is to be filled from: two fields that say the same.

Where the older field names a kind that it never knew, it is dropped without a word, for the sake of
old clients; nothing here fills a volume.

Source: EnforceDataSourceBackwardsCompatibility and NormalizeDataSources in
k8s.io/kubernetes/pkg/api/persistentvolumeclaim/util.go, validateDataSource in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import required, wrong
from datacube_runtime.local.registry.metadata.names import subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_OLD, _NEW = "dataSource", "dataSourceRef"
_CLAIM = "PersistentVolumeClaim"
_OLD_KINDS = frozenset({("", _CLAIM), ("snapshot.storage.k8s.io", "VolumeSnapshot")})


def normalize_sources(spec: dict[str, Any]) -> None:
    """Make both fields say the same."""
    if (spec.get(_NEW) or {}).get("namespace"):  # its gate is closed unless somebody opens it
        del spec[_NEW]
    if _NEW not in spec and _OLD in spec and _kind_of(spec[_OLD]) not in _OLD_KINDS:
        del spec[_OLD]
    said = spec.get(_OLD, spec.get(_NEW))
    if said is None:
        return
    whole = {"apiGroup": None, "kind": "", "name": "", **said}
    for field in (_OLD, _NEW):
        spec[field] = {**whole, **spec.get(field, {})}


def source_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with either field."""
    for field in (_OLD, _NEW):
        if field in spec:
            yield from _problems(spec[field], f"spec.{field}")


def _problems(source: Mapping[str, Any], path: str) -> Iterator[Cause]:
    group, kind = _kind_of(source)
    if not source["name"]:
        yield required(f"{path}.name")
    if not kind:
        yield required(f"{path}.kind")
    if not group and kind != _CLAIM:
        yield wrong(path, kind, f"must be '{_CLAIM}' when referencing the default apiGroup")
    for problem in subdomain_problems(group) if group else ():
        yield wrong(f"{path}.apiGroup", group, problem)


def _kind_of(source: Mapping[str, Any]) -> tuple[str, str]:
    return source.get("apiGroup") or "", source.get("kind", "")
