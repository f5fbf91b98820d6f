"""
The pieces of core/v1 that a DataCube is made of: variables, references to Secrets, volumes.

Field for field as Kubernetes has them, so that a manifest goes in and comes out unchanged. What is
only passed on (a PVC's spec, a security context) stays an open mapping: the API server knows it
better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, ParamSpec, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from datacube_api.errors import DataCubeSpecError
from datacube_api.problems import problems_of
from datacube_api.rules import ENV_VAR_RULES, SUB_PATH_RULES, check

P = ParamSpec("P")

MAX_ENTRIES = 64
"""Longest list that the CRD admits; CEL rules are priced by it."""

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"

ObjectName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=DNS_SUBDOMAIN)
]
OpenMapping: TypeAlias = Mapping[str, Any]


def _whole(value: Any) -> Any:
    """Take 1.0 for 1, as far as JSON's numbers are exact: an API server does."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value


WHOLE = BeforeValidator(_whole)
"""For integers, which are strict otherwise: no boolean, and no text that looks like one."""


def sugar(constructor: Callable[P, None]) -> Callable[P, None]:
    """
    Mark a constructor as one for authors: what comes from a manifest does not pass through it.

    Else ``{"type": "git", "url": …}`` would be a manifest that we take and an API server refuses.
    """
    vars(constructor)["__pydantic_base_init__"] = True  # how pydantic marks its own
    return constructor


class Model(BaseModel):
    """Closed, immutable, camelCase on the wire, and silent about values: they may be tokens."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # Fields that are written even where nobody set them, since they say what the object is.
    always: ClassVar[tuple[str, ...]] = ()

    @sugar
    def __init__(self, **given: Any) -> None:
        """
        Make one, as an author does.

        :raises DataCubeSpecError: names each field that is wrong, never its value.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            kind = type(self).__name__.lstrip("_")
            raise DataCubeSpecError(
                tuple(f"{kind}: {text}" for _, text in problems_of(error))
            ) from None

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, given: Any) -> Any:
        """Read a field that is null as one that is not there, as an API server does."""
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if value is not None}

    def model_post_init(self, _context: Any, /) -> None:
        """Count the constants as set, so that ``to_manifest`` writes them."""
        self.model_fields_set.update(self.always)

    def to_manifest(self) -> dict[str, Any]:
        """Return the mapping that the API takes: what was set, nothing that was not."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _quantity(value: Any, validate: Callable[[Any], str | int]) -> str | int:
    """Say one sentence where neither type fits, not one for each."""
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("quantity", "must be a text or an integer") from None


Quantity: TypeAlias = Annotated[
    StrictStr | Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1), WHOLE],
    WrapValidator(_quantity),
]


class SecretKeySelector(Model):
    """One key of a Secret in the DataCube's namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    key: Annotated[str, Field(min_length=1, max_length=253)]
    optional: bool | None = Field(default=None, strict=True)


class ConfigMapKeySelector(SecretKeySelector):
    """One key of a ConfigMap in the DataCube's namespace."""


class ObjectFieldSelector(Model):
    """A field of the pod."""

    api_version: str | None = None
    field_path: str


class ResourceFieldSelector(Model):
    """A resource of the container."""

    container_name: str | None = None
    resource: str
    divisor: Quantity | None = None


class ValueFrom(Model):
    """core/v1 EnvVarSource: where the kubelet, and nobody else, reads the value."""

    secret_key_ref: SecretKeySelector | None = None
    config_map_key_ref: ConfigMapKeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None


class EnvVar(Model):
    """core/v1 EnvVar: a plain value or a reference, never both."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    value: Annotated[str, Field(max_length=32768)] | None = Field(default=None, repr=False)
    value_from: ValueFrom | None = None

    @model_validator(mode="after")
    def _follow_the_rules(self) -> EnvVar:
        check(ENV_VAR_RULES, self)
        return self

    @property
    def is_given(self) -> bool:
        """Whether it can have a value: a plain one that is not empty, or a reference."""
        return bool(self.value) or self.value_from is not None


@dataclass(frozen=True)
class SecretRef:
    """
    A value that stays in a Kubernetes Secret: ``SecretRef("github-token", "token")``.

    The kubelet resolves it inside the transfer pod. Airflow, the controller and the DataCube only
    ever hold these two names.
    """

    name: str
    key: str

    def to_value_from(self) -> ValueFrom:
        """Return the reference as core/v1 writes it."""
        return ValueFrom(secret_key_ref=SecretKeySelector(name=self.name, key=self.key))


@dataclass(frozen=True)
class ConfigMapRef:
    """A value that stands in a ConfigMap: ``ConfigMapRef("s3", "endpoint")``."""

    name: str
    key: str

    def to_value_from(self) -> ValueFrom:
        """Return the reference as core/v1 writes it."""
        return ValueFrom(config_map_key_ref=ConfigMapKeySelector(name=self.name, key=self.key))


Value: TypeAlias = str | SecretRef | ConfigMapRef
"""What a DAG author may give an option: a string, or where to find it."""


def variable(name: str, value: Value) -> EnvVar:
    """
    Return the EnvVar of a name and a value or reference.

    :raises TypeError: it is something else; names the option and the type, never the value.
    """
    if isinstance(value, str):
        return EnvVar(name=name, value=value)
    if isinstance(value, SecretRef | ConfigMapRef):
        return EnvVar(name=name, value_from=value.to_value_from())
    raise TypeError(
        f"option {name!r} takes a string (a template too), a SecretRef or a ConfigMapRef, "
        f"not {type(value).__name__}; what is known only when the task runs stands in a template "
        "('{{ ti.xcom_pull(...) }}'), or is returned by a function under @task.datacube"
    )


class PVCTemplate(Model):
    """core/v1 PersistentVolumeClaimTemplate; ``spec`` is passed on as it is."""

    metadata: OpenMapping | None = None
    spec: OpenMapping


class PVCReference(Model):
    """A PersistentVolumeClaim, and a path inside its volume."""

    name: ObjectName
    sub_path: Annotated[str, Field(max_length=4096)] | None = None
    template: PVCTemplate | None = None

    @model_validator(mode="after")
    def _follow_the_rules(self) -> PVCReference:
        check(SUB_PATH_RULES, self)
        return self
