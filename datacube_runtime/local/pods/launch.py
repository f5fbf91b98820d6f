"""
From a pod to what is started for it: words, variables, directories.

The one place where a container's view of the world is laid over this machine. Everything that may
be missing yet (a Secret, a key, a subPath) is a ``ContainerConfigError``: the pod waits and says
for what.

Source: the order of the steps, and the words, are those of the kubelet
(https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.pods.downward import Downward
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.expansion import expand, expand_all
from datacube_runtime.local.pods.files import files_of
from datacube_runtime.local.pods.mounts import Mounts
from datacube_runtime.local.pods.processes import Launch
from datacube_runtime.local.pods.scratch import write_files
from datacube_runtime.local.pods.spec import TERMINATION_LOG, container_of, volumes_of
from datacube_runtime.local.pods.variables import variables_of
from datacube_runtime.local.volumes.directories import resolve_sub_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_runtime.local.pods.scratch import Scratch
    from datacube_runtime.local.pods.variables import Find
    from datacube_runtime.local.volumes.directories import Volumes


@dataclass(frozen=True)
class Machine:
    """What all pods share."""

    volumes: Volumes
    path: str
    """``PATH`` of every process: where the programs of pods are found."""

    capacity: Mapping[str, str]
    """What a container without limits may have: cpu and memory, as quantities."""

    def launch_of(self, pod: Mapping[str, Any], scratch: Scratch, find: Find, log: Path) -> Launch:
        """
        Return what to start for a pod.

        Words and variables see only the container's own variables in ``$(NAME)``; PATH, HOME,
        TMPDIR and LANG are what an image would bring, so the container may override them. Nothing
        of the cluster's own environment is inherited.

        :raises ContainerConfigError: something is missing yet, or leads out of a volume.
        """
        container = container_of(pod)
        downward = Downward(pod, container, self.capacity)
        scratch.make()
        volumes = self._volumes(pod, scratch, downward, find)
        plain = variables_of(container, downward, find) if _has_expressions(container) else {}
        mounts = Mounts(_hosts(container, volumes, scratch.termination_log, plain))
        variables = variables_of(container, downward, find, mounts.localise)
        words = [*container["command"], *(container.get("args") or ())]
        image = {
            "PATH": self.path,
            "HOME": str(scratch.directory("home")),
            "TMPDIR": str(scratch.directory("tmp")),
            "LANG": "C.UTF-8",
        }
        return Launch(
            argv=[mounts.localise(expand(word, variables)) for word in words],
            environment=image | variables,
            directory=_working_directory(container, mounts, scratch),
            log=log,
            mark=scratch.uid,
        )

    def _volumes(
        self, pod: Mapping[str, Any], scratch: Scratch, downward: Downward, find: Find
    ) -> dict[str, Path]:
        """Return the directories of the volumes that the container mounts, filled."""
        volumes, directories = volumes_of(pod), {}
        for mount in downward.container.get("volumeMounts") or ():
            volume = volumes[mount["name"]]
            if (claim := volume.get("persistentVolumeClaim")) is not None:
                namespace = pod["metadata"]["namespace"]
                directory = self.volumes.mounted(namespace, claim["claimName"])
            else:
                directory = scratch.directory("volumes", volume["name"])
                write_files(directory, files_of(volume, downward, find))
            directories[volume["name"]] = directory
        return directories


def _has_expressions(container: Mapping[str, Any]) -> bool:
    return any(mount.get("subPathExpr") for mount in container.get("volumeMounts") or ())


def _hosts(
    container: Mapping[str, Any],
    volumes: Mapping[str, Path],
    termination_log: Path,
    variables: Mapping[str, str],
) -> dict[str, Path]:
    """Return what stands for each path that is mounted into the container."""
    hosts = {container.get("terminationMessagePath") or TERMINATION_LOG: termination_log}
    for mount in container.get("volumeMounts") or ():
        sub_path = mount.get("subPath") or ""
        if expression := mount.get("subPathExpr"):
            sub_path = expand_all(expression, variables)
        hosts[mount["mountPath"]] = resolve_sub_path(volumes[mount["name"]], sub_path)
    return hosts


def _working_directory(container: Mapping[str, Any], mounts: Mounts, scratch: Scratch) -> Path:
    """
    Return where the process starts: its ``workingDir``, made if need be, or its home.

    :raises ContainerConfigError: ``workingDir`` is in no volume, or a link leads out of it: that
        would be this machine's own.
    """
    asked = container.get("workingDir")
    if not asked:
        return scratch.directory("home")
    place = mounts.place(asked)
    if place is None:
        raise ContainerConfigError(f"workingDir {asked} is not below a volumeMount")
    root, rest = place
    return resolve_sub_path(root, str(rest), "workingDir")
