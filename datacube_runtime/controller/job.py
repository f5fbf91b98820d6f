"""
The Job of a DataCube: what the transfer pod gets, and what it may not do.

The manifest says everything that the transfer program is told, so that the program needs no right
on the API. No value of an option is written anywhere but into the variables, where the kubelet
resolves references to Secrets. Retries and the deadline are Kubernetes' own.

Source: "The transfer container" is agreed with ``datacube_runtime.transfer``, which is started by
it; the hardening is the restricted profile of
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.models import Direction
from datacube_api.naming import CONTAINER, CUBE_UID, job_name, transfer_labels
from datacube_api.pod_settings import PodSettings
from datacube_api.reference import API_VERSION, KIND
from datacube_runtime.controller.objects import uid_of
from datacube_runtime.controller.placement import affinity_to

if TYPE_CHECKING:
    from datacube_api.models import Spec
    from datacube_api.pod_settings import Resources
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.settings import Settings

__all__ = ["job_manifest", "job_name"]

_MOUNT_PATH = "/volume"
_TERMINATION_LOG = "/dev/termination-log"
_USER = 1000


def job_manifest(
    cube: Obj, spec: Spec, settings: Settings, asked: PodSettings | None = None, node: str = ""
) -> dict[str, Any]:
    """
    Return the one Job that runs a DataCube; ``spec`` is the cube's, read.

    :param asked: what its annotations and the defaults say
    :param node: the only one that the pod can run on, if there is such a one
    """
    labels = transfer_labels(cube["metadata"]["name"])
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(cube["metadata"]["name"]),
            "namespace": cube["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [_owner_reference(cube)],
        },
        "spec": {
            "backoffLimit": spec.options.backoff_limit or 0,
            # Never two attempts on one volume: a pod that is being evicted may still write.
            "podReplacementPolicy": "Failed",
            "template": {
                "metadata": {"labels": labels, "annotations": {CUBE_UID: uid_of(cube)}},
                "spec": {
                    **_pod(spec, settings, (asked and asked.resources) or None),
                    **_asked(asked or PodSettings()),
                    **({"affinity": affinity_to(node)} if node else {}),
                },
            },
        },
    }


def _owner_reference(cube: Obj) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": cube["metadata"]["name"],
        "uid": cube["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _asked(asked: PodSettings) -> dict[str, Any]:
    said = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    pod: dict[str, Any] = {key: said[key] for key in ("nodeSelector", "tolerations") if key in said}
    if account := said.get("serviceAccount"):
        pod["serviceAccountName"] = account
    if names := said.get("imagePullSecrets"):
        pod["imagePullSecrets"] = [{"name": name} for name in names]
    return pod


def _pod(spec: Spec, settings: Settings, resources: Resources | None) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _security_context(spec),
        "containers": [_container(spec, settings, resources)],
        "volumes": [
            {"name": "volume", "persistentVolumeClaim": {"claimName": spec.volume.name}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    if deadline := spec.options.active_deadline_seconds:
        # On the pod and not on the Job, where it would end the retries as well: the contract
        # limits one attempt.
        pod["activeDeadlineSeconds"] = deadline
    return pod


def _security_context(spec: Spec) -> dict[str, Any]:
    """Return the user's, whole, or the defaults: what is given says more than we can guess."""
    if spec.executor is not None and spec.executor.security_context is not None:
        return dict(spec.executor.security_context)
    return {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "fsGroup": _USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _container(spec: Spec, settings: Settings, resources: Resources | None) -> dict[str, Any]:
    volume: dict[str, Any] = {"name": "volume", "mountPath": _MOUNT_PATH}
    if spec.direction is Direction.UPLOAD:
        volume["readOnly"] = True
    container = {
        "name": CONTAINER,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["datacube-transfer"],
        "args": _args(spec),
        "env": [variable.to_manifest() for variable in spec.env()],
        "volumeMounts": [volume, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own
        "terminationMessagePath": _TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    if resources is not None:
        container["resources"] = resources.to_manifest()
    return container


def _args(spec: Spec) -> list[str]:
    options = spec.options
    args = [
        *(spec.service.type, str(spec.direction)),
        *("--volume", _MOUNT_PATH),
        *("--sub-path", _no_option(spec.volume.sub_path or "")),
        *("--termination-log", _TERMINATION_LOG),
        *(["--sync"] if options.sync else []),
        "--",
        *(options.extra_args or ()),
    ]
    return [_unexpanded(arg) for arg in args]


def _no_option(path: str) -> str:
    """Return the same path, written so that no parser of arguments takes it for an option."""
    return f"./{path}" if path.startswith("-") else path


def _unexpanded(arg: str) -> str:
    """
    Return the argument as the kubelet must see it to pass it on as it is.

    The kubelet expands ``$(TOKEN)`` in arguments, which would put a token into argv for everybody
    to see.

    Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return arg.replace("$", "$$")
