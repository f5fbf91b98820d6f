"""
A whole DataCube: manifest in, manifest out, nothing lost, nothing sent that breaks a rule.

What the API server owns (``metadata``, ``status``) stays an open mapping. ``spec`` is closed: a
field that we do not know is a typing mistake far more often than news.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, model_validator

from datacube_api.core import (
    MAX_ENTRIES,
    WHOLE,
    ConfigMapRef,
    EnvVar,
    Model,
    OpenMapping,
    PVCReference,
    SecretRef,
    Value,
    ValueFrom,
    sugar,
    variable,
)
from datacube_api.direction import Direction
from datacube_api.ends import PVC, S3, AnyEnd, End, Git, HuggingFace, Service
from datacube_api.environment import to_env
from datacube_api.errors import DataCubeSpecError
from datacube_api.problems import problems_of
from datacube_api.reference import API_VERSION, KIND
from datacube_api.rules import SPEC_RULES, check

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "PVC",
    "S3",
    "ConfigMapRef",
    "DataCube",
    "Direction",
    "End",
    "EnvVar",
    "Executor",
    "ExecutorOptions",
    "Git",
    "HuggingFace",
    "PVCReference",
    "SecretRef",
    "Spec",
    "Value",
    "ValueFrom",
]


class ExecutorOptions(Model):
    """How the transfer is run."""

    sync: bool | None = Field(default=None, strict=True)
    backoff_limit: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1), WHOLE] | None = None
    active_deadline_seconds: (
        Annotated[int, Field(strict=True, ge=1, le=2**31 - 1), WHOLE] | None
    ) = None
    extra_args: (
        Annotated[tuple[Annotated[str, Field(max_length=4096)], ...], Field(max_length=MAX_ENTRIES)]
        | None
    ) = None


class Executor(Model):
    """
    Settings of the transfer pod: ``Executor(backoff_limit=2, env={"HTTPS_PROXY": "…"})``.

    :param sync: s3 downloads: make the directory equal to the source, deleting what is extra
    :param backoff_limit: how many failed attempts are retried; none without it
    :param active_deadline_seconds: longest time of one attempt, in seconds; no limit without it
    :param extra_args: appended to the command that does the transfer; what only tunes it
    :param env: variables of the transfer pod, by name or as a list of ``EnvVar``
    :param security_context: of the transfer pod, a core/v1 PodSecurityContext
    """

    options: ExecutorOptions | None = None
    env: Annotated[tuple[EnvVar, ...], Field(max_length=MAX_ENTRIES)] | None = None
    security_context: OpenMapping | None = None

    @sugar
    def __init__(
        self,
        *,
        sync: bool | None = None,
        backoff_limit: int | None = None,
        active_deadline_seconds: int | None = None,
        extra_args: Sequence[str] | None = None,
        env: Mapping[str, Value] | Sequence[EnvVar] | None = None,
        **wire: Any,
    ) -> None:
        named = {
            "sync": sync,
            "backoff_limit": backoff_limit,
            "active_deadline_seconds": active_deadline_seconds,
            "extra_args": extra_args,
        }
        if options := {name: value for name, value in named.items() if value is not None}:
            if "options" in wire:
                raise TypeError(f"give either options or {', '.join(options)}, not both")
            wire["options"] = options
        if env is not None:
            wire["env"] = _variables(env) if isinstance(env, Mapping) else env
        super().__init__(**wire)


def _variables(env: Mapping[str, Value]) -> list[EnvVar]:
    return [variable(name, value) for name, value in env.items()]


class Spec(Model):
    """One transfer, from ``source`` to ``sink``."""

    source: AnyEnd
    sink: AnyEnd
    executor: Executor | None = None

    @model_validator(mode="after")
    def _follow_the_rules(self) -> Spec:
        check(SPEC_RULES, self)
        return self

    @property
    def direction(self) -> Direction:
        """Download when the volume is the sink, upload when it is the source."""
        return Direction.DOWNLOAD if isinstance(self.sink, PVC) else Direction.UPLOAD

    @property
    def volume(self) -> PVCReference:
        """The end that is a volume."""
        end = self.sink if isinstance(self.sink, PVC) else self.source
        assert isinstance(end, PVC)  # noqa: S101 - "exactly one of source and sink", checked above
        return end.pvc

    @property
    def service(self) -> Service:
        """The end that is not."""
        end = self.source if isinstance(self.sink, PVC) else self.sink
        assert not isinstance(end, PVC)  # noqa: S101 - as above
        return end

    @property
    def options(self) -> ExecutorOptions:
        """The executor's options, or the defaults."""
        return (self.executor and self.executor.options) or ExecutorOptions()

    def env(self) -> tuple[EnvVar, ...]:
        """Return the variables of the transfer container, in order."""
        return to_env(self.service.options, (self.executor and self.executor.env) or ())


class DataCube(Model):
    """The whole object. ``metadata`` and ``status`` are as the API has them."""

    always: ClassVar[tuple[str, ...]] = ("api_version", "kind")

    api_version: Literal["tensorstack.dev/v1beta1"] = API_VERSION
    kind: Literal["DataCube"] = KIND
    metadata: OpenMapping = Field(default_factory=dict)
    spec: Spec
    status: OpenMapping | None = None

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> DataCube:
        """
        Read a manifest, as written by people or returned by the API.

        :raises DataCubeSpecError: a rule is broken; names each field, never its value.
        """
        try:
            return cls.model_validate(manifest, by_alias=True, by_name=False)
        except ValidationError as error:
            raise DataCubeSpecError(tuple(text for _, text in problems_of(error))) from None
