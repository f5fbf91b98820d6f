"""
How a kind's objects fall apart into fields with owners: which maps and lists are one piece.

For custom resources that stands in the schema of their definition. For built-in kinds it is the
table below, which holds only what differs from the rule: maps fall apart, lists do not.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy, and for
the table k8s.io/client-go/applyconfigurations/internal/internal.go (Kubernetes 1.36)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRESERVE = "x-kubernetes-preserve-unknown-fields"


@dataclass(frozen=True)
class Type:
    """How one value falls apart; the default is right for scalars, structs and atomic lists."""

    is_atomic: bool = False
    """Whether a map is one piece."""

    keys: tuple[str, ...] = ()
    """The fields that an item of a list is known by; a list without them is one piece …"""

    is_set: bool = False
    """… unless its items are known by their values."""

    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What an item's key is where the item does not say."""

    fields: Mapping[str, Type] = field(default_factory=dict)
    items: Type | None = None
    others: Type | None = None
    """The type of the entries of a map, as opposed to the fields of a struct."""

    is_free: bool = False
    """Whether no schema speaks of what is below: entries of maps, all the way down."""

    is_closed: bool = False
    """Whether there are no fields but those of the schema."""

    wants: str = ""
    """Which type the schema asks for, in the words of ``typed``; empty for any."""

    def child(self, name: str) -> Type:
        """Return the type of a field."""
        return self.fields.get(name) or self.others or (self if self.is_free else PLAIN)

    def is_named(self, name: str) -> bool:
        """Tell whether a name is a struct's field: such a container is nobody's by itself."""
        return name in self.fields or not (self.others or self.is_free)

    @property
    def item(self) -> Type:
        """Return the type of a list's items."""
        return self.items or PLAIN

    @property
    def divides_lists(self) -> bool:
        """Tell whether the items of a list have owners of their own."""
        return self.is_set or bool(self.keys)


PLAIN = Type()
_FREE = Type(is_free=True)
_ATOMIC = Type(is_atomic=True)
_SET = Type(is_set=True)


def _by(*keys: str, items: Type | None = None, **defaults: Any) -> Type:
    return Type(keys=keys, items=items, defaults=defaults)


def _of(**fields: Type) -> Type:
    return Type(fields=fields)


_META = _of(finalizers=_SET, ownerReferences=_by("uid", items=_ATOMIC))
_VALUE_FROM = _of(
    configMapKeyRef=_ATOMIC,
    fieldRef=_ATOMIC,
    fileKeyRef=_ATOMIC,
    resourceFieldRef=_ATOMIC,
    secretKeyRef=_ATOMIC,
)
_REQUIREMENTS = _of(claims=_by("name"))
_CONTAINERS = _by(
    "name",
    items=_of(
        env=_by("name", items=_of(valueFrom=_VALUE_FROM)),
        ports=_by("containerPort", "protocol", protocol="TCP"),
        resources=_REQUIREMENTS,
        volumeDevices=_by("devicePath"),
        volumeMounts=_by("mountPath"),
    ),
)
_CLAIM_SPEC = _of(dataSource=_ATOMIC, selector=_ATOMIC)
_SECRET_REF = _of(secretRef=_ATOMIC)
_VOLUME = _of(
    cephfs=_SECRET_REF,
    cinder=_SECRET_REF,
    csi=_of(nodePublishSecretRef=_ATOMIC),
    ephemeral=_of(volumeClaimTemplate=_of(metadata=_META, spec=_CLAIM_SPEC)),
    flexVolume=_SECRET_REF,
    iscsi=_SECRET_REF,
    rbd=_SECRET_REF,
    scaleIO=_SECRET_REF,
    storageos=_SECRET_REF,
)
_POD_SPEC = _of(
    affinity=_of(nodeAffinity=_of(requiredDuringSchedulingIgnoredDuringExecution=_ATOMIC)),
    containers=_CONTAINERS,
    ephemeralContainers=_CONTAINERS,
    hostAliases=_by("ip"),
    imagePullSecrets=_by("name", items=_ATOMIC),
    initContainers=_CONTAINERS,
    nodeSelector=_ATOMIC,
    resourceClaims=_by("name"),
    resources=_REQUIREMENTS,
    schedulingGates=_by("name"),
    topologySpreadConstraints=_by(
        "topologyKey", "whenUnsatisfiable", items=_of(labelSelector=_ATOMIC)
    ),
    volumes=_by("name", items=_VOLUME),
)
_POD_STATUS = _of(
    conditions=_by("type"),
    podIPs=_by("ip"),
    resourceClaimStatuses=_by("name"),
    resources=_REQUIREMENTS,
)
_CONDITIONS = _of(conditions=_by("type"))
_ANY_KIND = _of(metadata=_META)
_BUILT_IN: Mapping[str, Type] = MappingProxyType(
    {
        resources.PODS.key: _of(metadata=_META, spec=_POD_SPEC, status=_POD_STATUS),
        resources.JOBS.key: _of(
            metadata=_META,
            spec=_of(selector=_ATOMIC, template=_of(metadata=_META, spec=_POD_SPEC)),
            status=_of(uncountedTerminatedPods=_of(failed=_SET, succeeded=_SET)),
        ),
        resources.CLAIMS.key: _of(metadata=_META, spec=_CLAIM_SPEC, status=_CONDITIONS),
        resources.NAMESPACES.key: _of(metadata=_META, status=_CONDITIONS),
        resources.NODES.key: _of(
            metadata=_META, status=_of(addresses=_by("type"), conditions=_by("type"))
        ),
        resources.DEFINITIONS.key: _of(metadata=_META, status=_CONDITIONS),
        resources.EVENTS.key: _of(metadata=_META, involvedObject=_ATOMIC, related=_ATOMIC),
    }
)


def built_in_type(resource: resources.Resource) -> Type:
    """Return how the objects of a built-in kind fall apart."""
    return _BUILT_IN.get(resource.key, _ANY_KIND)


def custom_type(schema: Mapping[str, Any]) -> Type:
    """Return how the objects under the schema of a definition fall apart."""
    root = _from_schema(schema)
    known = {"apiVersion": PLAIN, "kind": PLAIN, "metadata": _META}
    return replace(root, fields={**root.fields, **known})


_WANTS = {
    "string": "string",
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
    "array": "list",
    "object": "map",
}


def _from_schema(schema: Mapping[str, Any]) -> Type:
    properties = schema.get("properties", {})
    entries, items = schema.get("additionalProperties"), schema.get("items")
    kind = schema.get("x-kubernetes-list-type")
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ())) if kind == "map" else ()
    below = (items or {}).get("properties", {})
    return Type(
        wants=_WANTS.get(schema.get("type", ""), ""),
        is_atomic=schema.get("x-kubernetes-map-type") == "atomic",
        keys=keys,
        is_set=kind == "set",
        defaults={key: below[key]["default"] for key in keys if "default" in below.get(key, {})},
        fields={name: _from_schema(part) for name, part in properties.items()},
        items=_from_schema(items) if items else None,
        others=_from_schema(entries) if isinstance(entries, dict) else _FREE,
        is_closed=bool(properties) and not entries and not schema.get(_PRESERVE),
    )
