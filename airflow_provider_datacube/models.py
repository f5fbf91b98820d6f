"""
What a DAG author writes: ``from airflow_provider_datacube.models import Git, PVC, SecretRef``.

The classes are the contract's own (``datacube_api``), so what they refuse, everybody refuses. The
one addition is Jinja: ``PVC("ws-{{ ds_nodash }}")`` is no name that Kubernetes takes, and becomes
one when the task runs; the operator checks it then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import WrapValidator, model_validator

from airflow_provider_datacube._pod_settings import PodSettings
from airflow_provider_datacube._templates import (
    holds_template,
    spelled,
    templated_paths,
    value_at,
)
from datacube_api import models
from datacube_api.core import Model, ObjectName, sugar
from datacube_api.models import (
    S3,
    ConfigMapRef,
    DataCube,
    EnvVar,
    Executor,
    ExecutorOptions,
    Git,
    HuggingFace,
    SecretRef,
    Spec,
)
from datacube_api.transferred import Durations, Transferred

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "PVC",
    "S3",
    "ConfigMapRef",
    "DataCube",
    "Durations",
    "EnvVar",
    "Executor",
    "ExecutorOptions",
    "Git",
    "HuggingFace",
    "PodSettings",
    "SecretRef",
    "Spec",
    "Transferred",
]


def _let_templates_pass(value: object, check: Callable[[object], str]) -> str:
    return value if isinstance(value, str) and holds_template(value) else check(value)


class _PVCReference(models.PVCReference):
    name: Annotated[ObjectName, WrapValidator(_let_templates_pass)]

    @model_validator(mode="before")
    @classmethod
    def _say_what_to_do_with_xcoms(cls, given: Any) -> Any:
        """Refuse what Airflow would have to resolve: it does not look into models for it."""
        for path in templated_paths(given):
            value = value_at(given, path)
            if not isinstance(value, str | Model):
                raise TypeError(
                    f"pvc.{spelled(path)} takes a string (a template too), not "
                    f"{type(value).__name__}; what is known only when the task runs stands in a "
                    "template ('{{ ti.xcom_pull(...) }}'), or is returned by a function under "
                    "@task.datacube"
                )
        return given


class PVC(models.PVC):
    """
    A directory of a PersistentVolumeClaim; as a sink it may create the claim.

    :param name: name of the claim (templated)
    :param sub_path: path inside the volume, relative; a download creates it (templated)
    :param size: create the claim with this capacity (``"10Gi"``) when it is not there yet;
        an existing claim is used as it is. Downloads only. (templated)
    :param access_mode: of the claim made by ``size``
    :param storage_class: of the claim made by ``size``; the cluster's default without it
    :param template: a whole PersistentVolumeClaimTemplate instead of ``size``
    """

    pvc: _PVCReference

    # As in the base class: from the fields alone a type checker would derive another one.
    @sugar
    def __init__(  # noqa: PLR0913 - what a claim has; keyword-only
        self,
        name: str | None = None,
        *,
        sub_path: str | None = None,
        size: str | None = None,
        access_mode: str = "ReadWriteOnce",
        storage_class: str | None = None,
        template: Mapping[str, Any] | None = None,
        **wire: Any,
    ) -> None:
        super().__init__(
            name,
            sub_path=sub_path,
            size=size,
            access_mode=access_mode,
            storage_class=storage_class,
            template=template,
            **wire,
        )
