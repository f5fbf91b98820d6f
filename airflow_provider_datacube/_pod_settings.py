"""
Settings of the transfer pod that the spec does not have: from the operator to annotations.

What a setting is and may be, ``datacube_api.pod_settings`` says; the controller reads the same
annotations by it. Here is what a task adds: templates, and that it has to see the end of a DataCube
before that is deleted. Pure; no message holds a value.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._arguments import plain
from airflow_provider_datacube._templates import (
    holds_template,
    is_certain,
    spelled,
    templated_paths,
    value_at,
)
from datacube_api.core import Model, sugar
from datacube_api.errors import DataCubeSpecError
from datacube_api.pod_settings import ANNOTATIONS, problems_with, settings_from, settings_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_datacube._arguments import Plain
    from datacube_api.pod_settings import PodSettings as Settings

LEAST_TTL_S: Final = 3600
"""
A triggerer may be down, or a worker hard to get, for a while: what ended must still be there then.
"""

_WHERE = "pod_settings"
_TTL = "ttl_seconds_after_finished"
_TTL_NAMES = {"ttlSecondsAfterFinished", _TTL}
_TTL_ANNOTATION = f"metadata.annotations[{ANNOTATIONS[_TTL]}]"
_TOO_SHORT = (
    f"must be {LEAST_TTL_S} seconds or more: a task that finds its DataCube deleted cannot tell "
    "that it succeeded; on_finish_action='delete_datacube' deletes it as soon as the task has "
    "seen the end"
)


class PodSettings(Model):
    """
    What the spec cannot say of the transfer pod, and how long its DataCube stays.

    This project's controller reads it; the platform that first shipped DataCubes ignores it. What
    is left out is the controller's to say. Everything is templated.

    :param resources: ``{"requests": {"memory": "512Mi"}, "limits": {"memory": "2Gi"}}``
    :param node_selector: labels that the node must have
    :param tolerations: taints that the pod tolerates, as a pod's spec has them
    :param service_account: name of the pod's service account, whose token it does not get
    :param image_pull_secrets: names of the Secrets for pulling the image
    :param ttl_after_finished: delete the DataCube so many seconds (or a timedelta) after its end,
        an hour at least; the data stays
    :param suspend: do not start, or stop what runs, until somebody sets it to false
    """

    resources: Any = None
    node_selector: Any = None
    tolerations: Any = None
    service_account: Any = None
    image_pull_secrets: Any = None
    ttl_seconds_after_finished: Any = None
    suspend: Any = None

    @sugar
    def __init__(  # noqa: PLR0913 - the settings, keyword-only
        self,
        *,
        resources: Mapping[str, Mapping[str, str | float]] | None = None,
        node_selector: Mapping[str, str] | None = None,
        tolerations: Sequence[Mapping[str, Any]] | None = None,
        service_account: str | None = None,
        image_pull_secrets: Sequence[str] | None = None,
        ttl_after_finished: timedelta | int | str | None = None,
        suspend: bool | str | None = None,
    ) -> None:
        ttl_s = ttl_after_finished
        if isinstance(ttl_s, timedelta):
            ttl_s = int(ttl_s.total_seconds())
        given = {
            "resources": resources,
            "node_selector": node_selector,
            "tolerations": tolerations,
            "service_account": service_account,
            "image_pull_secrets": image_pull_secrets,
            "ttl_seconds_after_finished": ttl_s,
            "suspend": suspend,
        }
        said = {field: plain(value) for field, value in given.items() if value is not None}
        _refuse_results(said)
        if problems := tuple(_certain(said, type(self).__name__)):
            as_written = (text.replace(f".{_TTL}: ", ".ttl_after_finished: ") for text in problems)
            raise DataCubeSpecError(tuple(as_written))
        super().__init__(**said)


def _refuse_results(said: dict[str, Any]) -> None:
    """Refuse what Airflow would have to resolve: it does not look into models for it."""
    for path in templated_paths(said):
        if not isinstance(value := value_at(said, path), str):
            raise TypeError(
                f"{_WHERE}.{spelled(path)} takes no {type(value).__name__}; what is known only "
                "when the task runs stands in a template ('{{ ti.xcom_pull(...) }}'), or is "
                "returned by a function under @task.datacube"
            )


def early_problems(given: Plain, draft: Plain) -> Iterator[str]:
    """Yield what no template mends: in the argument, and in the annotations of a manifest."""
    if given is not None and not isinstance(given, dict):
        if not holds_template(given):
            yield f"{_WHERE}: must be PodSettings(…) or a mapping of such fields"
    elif given is not None:
        yield from _certain(given, _WHERE)
    metadata = draft.get("metadata") if isinstance(draft, dict) else None
    written = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(written, dict):
        known = {name: text for name, text in written.items() if not holds_template(text)}
        try:
            settings = settings_in(known)
        except DataCubeSpecError as error:
            yield from error.problems
        else:
            yield from _too_short(settings, _TTL_ANNOTATION)


def annotated(rendered: Plain, annotations: Mapping[str, str]) -> dict[str, str]:
    """
    Return the annotations with the settings among them; the argument goes before the manifest.

    :raises DataCubeSpecError: names each field that cannot be used.
    """
    if rendered is not None and not isinstance(rendered, dict):
        raise DataCubeSpecError(tuple(early_problems(rendered, None)))
    settings = settings_from(rendered or {}, _WHERE)
    where = _TTL_ANNOTATION if settings.ttl_seconds_after_finished is None else f"{_WHERE}.{_TTL}"
    both = {**annotations, **settings.to_annotations()}
    if problems := tuple(_too_short(settings_in(both), where)):
        raise DataCubeSpecError(problems)
    return both


def _certain(given: dict[str, Any], where: str) -> Iterator[str]:
    for path, text in problems_with(given):
        if is_certain(given, path):
            yield where + text
    for name in _TTL_NAMES.intersection(given):
        if not holds_template(given[name]):
            with suppress(DataCubeSpecError):  # it has been told
                yield from _too_short(settings_from({name: given[name]}, where), f"{where}.{name}")


def _too_short(settings: Settings, where: str) -> Iterator[str]:
    ttl_s = settings.ttl_seconds_after_finished
    if ttl_s is not None and ttl_s < LEAST_TTL_S:
        yield f"{where}: {_TOO_SHORT}"
