"""
What the spec cannot say of a transfer pod, and of how long a DataCube stays.

Each setting is an annotation of the DataCube, read by this project's controller and by nobody
else: the platform that first shipped DataCubes ignores it, and its CRD would drop a new field of
the spec. The same fields are the defaults of a controller's own configuration. Structured values
are JSON.

Sources: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ and
https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from datacube_api.core import WHOLE, Model, ObjectName
from datacube_api.errors import DataCubeSpecError
from datacube_api.naming import ANNOTATION_PREFIX, CUBE_UID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = r"^[0-9]+(\.[0-9]*)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][0-9]+)?$"

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_KEY = (
    r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)


def _as_text(value: Any) -> Any:
    """Take a bare number for the quantity it is, as an API server does."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


Quantity: TypeAlias = Annotated[
    str, BeforeValidator(_as_text), StringConstraints(pattern=_QUANTITY)
]
LabelKey: TypeAlias = Annotated[str, StringConstraints(pattern=_LABEL_KEY)]
LabelValue: TypeAlias = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
Path: TypeAlias = tuple[str | int, ...]
Seconds: TypeAlias = Annotated[int, WHOLE, Field(ge=0, le=2**31 - 1)]


class Resources(Model):
    """What the transfer container is promised and may use at most: ``{"memory": "1Gi"}``."""

    requests: Mapping[str, Quantity] | None = None
    limits: Mapping[str, Quantity] | None = None


class Toleration(Model):
    """A taint of nodes that the pod may run on all the same."""

    key: LabelKey | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Annotated[int, WHOLE] | None = None

    @model_validator(mode="after")
    def _check(self) -> Toleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("has a value, which operator Exists does not take: drop one of them")
        if self.key is None and self.operator != "Exists":
            raise ValueError("has no key, so its operator must be Exists")
        return self


class PodSettings(Model):
    """
    Settings of transfer pods and their DataCube; what is left out is the controller's to say.

    :param resources: ``{"requests": {"memory": "512Mi"}, "limits": {…}}`` of the container
    :param node_selector: labels that the node must have
    :param tolerations: taints that the pod tolerates
    :param service_account: name of the pod's service account, whose token it does not get
    :param image_pull_secrets: names of the Secrets for pulling the image
    :param ttl_seconds_after_finished: delete the DataCube so long after its end; the data stays
    :param suspend: do not start, or stop what runs, until it is false
    """

    resources: Resources | None = None
    node_selector: Mapping[LabelKey, LabelValue] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    service_account: ObjectName | None = None
    image_pull_secrets: tuple[ObjectName, ...] | None = None
    ttl_seconds_after_finished: Seconds | None = None
    suspend: bool | None = None

    def over(self, defaults: PodSettings) -> PodSettings:
        """Return these settings, and the defaults where they say nothing."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return defaults.model_copy(update={k: v for k, v in said.items() if v is not None})

    def to_annotations(self) -> dict[str, str]:
        """Return the annotations that say the same."""
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return annotations_of({_FIELDS_BY_ALIAS[alias]: value for alias, value in given.items()})


ANNOTATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {field: ANNOTATION_PREFIX + field.replace("_", "-") for field in PodSettings.model_fields}
)
"""The annotation of each field."""

_FIELDS: Final = {annotation: field for field, annotation in ANNOTATIONS.items()}
_FIELDS_BY_ALIAS: Final = {
    info.alias or field: field for field, info in PodSettings.model_fields.items()
}
_PLAIN = ("service_account",)


def annotations_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return field by field (snake_case, values of JSON) as annotations."""
    return {
        ANNOTATIONS[field]: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for field, value in fields.items()
        if value is not None
    }


def settings_in(annotations: Mapping[str, str] | None) -> PodSettings:
    """
    Return what the annotations of a DataCube say; foreign ones say nothing.

    :raises DataCubeSpecError: names each annotation that cannot be used, and the mend.
    """
    problems: list[str] = []
    said: dict[str, Any] = {}
    for name, text in (annotations or {}).items():
        if not name.startswith(ANNOTATION_PREFIX) or name == CUBE_UID:
            continue
        where = f"metadata.annotations[{name}]"
        if (field := _FIELDS.get(name)) is None:
            known = ", ".join(sorted(_FIELDS))
            problems.append(f"{where}: is no setting: correct or remove it; there are {known}")
            continue
        try:
            said[field] = text if field in _PLAIN else json.loads(text)
        except (TypeError, ValueError):
            problems.append(f"{where}: is not valid JSON: write it as {_EXAMPLES[field]}")
    settings, found = _judged(said)
    for (first, *below), sentence in found:
        where = f"metadata.annotations[{ANNOTATIONS[str(first)]}]"
        problems.append(where + _spelled(below) + sentence)
    if problems:
        raise DataCubeSpecError(tuple(problems))
    return settings


def settings_from(fields: Mapping[str, Any], where: str) -> PodSettings:
    """
    Return the settings of a mapping with the fields' names, camelCase or snake_case.

    :raises DataCubeSpecError: names each field below ``where`` that cannot be used, and the mend.
    """
    if problems := tuple(where + text for _, text in problems_with(fields)):
        raise DataCubeSpecError(problems)
    return PodSettings.model_validate(fields)


def problems_with(fields: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """
    Return what is wrong with such a mapping, as (path, sentence).

    The path is made of the names as they were given; the sentence opens with it: ``.suspend: …``.
    """
    given = {_FIELDS_BY_ALIAS.get(name, name): name for name in fields}
    known = ", ".join(_FIELDS_BY_ALIAS)
    unknown = {name: field for field, name in given.items() if field not in ANNOTATIONS}
    problems: list[tuple[Path, str]] = [
        ((name,), f".{name}: is no setting: correct or remove it; known: {known}")
        for name in unknown
    ]
    said = {field: fields[name] for field, name in given.items() if name not in unknown}
    for (field, *below), sentence in _judged(said)[1]:
        path = (given[str(field)], *below)
        problems.append((path, _spelled(path) + sentence))
    return problems


def _judged(said: Mapping[str, Any]) -> tuple[PodSettings, dict[tuple[Path, str], None]]:
    """Return the settings, or what is wrong with them, each thing once."""
    try:
        return PodSettings.model_validate(said), {}
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return PodSettings(), dict.fromkeys(map(_problem, details))


def _problem(detail: ErrorDetails) -> tuple[Path, str]:
    place = tuple(part for part in detail["loc"] if part != "[key]")
    field = _FIELDS_BY_ALIAS.get(str(place[0]), str(place[0]))
    return (field, *place[1:]), f": {_said(detail)}: write it as {_EXAMPLES[field]}"


def _spelled(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _said(detail: ErrorDetails) -> str:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return str(cause)
    words = {
        "extra_forbidden": "is not a field of it",
        "string_pattern_mismatch": "has a value that Kubernetes does not take there",
    }
    return words.get(detail["type"], detail["msg"][0].lower() + detail["msg"][1:])


_EXAMPLES: Final = {
    "resources": '{"requests": {"memory": "512Mi"}, "limits": {"memory": "2Gi"}}',
    "node_selector": '{"disk": "ssd"}',
    "tolerations": '[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]',
    "service_account": "transfers",
    "image_pull_secrets": '["registry"]',
    "ttl_seconds_after_finished": "86400",
    "suspend": "true or false",
}
