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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import CONFIG_MAPS, SECRETS
from datacube_runtime.local.pods.expansion import expand
from datacube_runtime.local.pods.mounts import Mounts
from datacube_runtime.local.pods.processes import Launch
from datacube_runtime.local.pods.scratch import write_files
from datacube_runtime.local.pods.spec import TERMINATION_LOG, container_of, volumes_of
from datacube_runtime.local.pods.variables import (
    ContainerConfigError,
    data_of,
    missing,
    variables_of,
)
from datacube_runtime.local.volumes.directories import resolve_sub_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.pods.scratch import Scratch
    from datacube_runtime.local.pods.variables import Find
    from datacube_runtime.local.volumes.directories import Volumes

_FILES = {"secret": (SECRETS, "secretName"), "configMap": (CONFIG_MAPS, "name")}


@dataclass(frozen=True)
class Machine:
    """What all pods share."""

    volumes: Volumes
    path: str
    """``PATH`` of every process: where the programs of pods are found."""

    def launch_of(self, pod: Mapping[str, Any], scratch: Scratch, find: Find, log: Path) -> Launch:
        """
        Return what to start for a pod.

        Words and variables see only the container's own variables in ``$(NAME)``; PATH, HOME,
        TMPDIR and LANG are what an image would bring, so the container may override them. Nothing
        of the cluster's own environment is inherited.

        :raises ContainerConfigError: something is missing yet, or leads out of a volume.
        """
        container = container_of(pod)
        scratch.make()
        mounts = Mounts(self._hosts(pod, scratch, find))
        variables = variables_of(container, pod, find, mounts.localise)
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

    def _hosts(self, pod: Mapping[str, Any], scratch: Scratch, find: Find) -> dict[str, Path]:
        """Return what stands for each path that is mounted into the container."""
        container, volumes = container_of(pod), volumes_of(pod)
        termination_log = container.get("terminationMessagePath") or TERMINATION_LOG
        hosts = {termination_log: scratch.termination_log}
        for mount in container.get("volumeMounts") or ():
            root = self._volume(pod, volumes[mount["name"]], scratch, find)
            hosts[mount["mountPath"]] = resolve_sub_path(root, mount.get("subPath") or "")
        return hosts

    def _volume(
        self, pod: Mapping[str, Any], volume: Mapping[str, Any], scratch: Scratch, find: Find
    ) -> Path:
        if (claim := volume.get("persistentVolumeClaim")) is not None:
            return self.volumes.directory(pod["metadata"]["namespace"], claim["claimName"])
        directory = scratch.directory("volumes", volume["name"])
        for field, (plural, name) in _FILES.items():
            if (source := volume.get(field)) is not None:
                write_files(directory, _files(volume["name"], plural, source, source[name], find))
        return directory


def _files(
    volume: str, plural: str, source: Mapping[str, Any], name: str, find: Find
) -> dict[str, bytes]:
    """
    Return the files of a Secret or ConfigMap volume by path; all keys, or those of ``items``.

    A missing one holds up the container's creation, which is another reason than a missing
    variable's.
    """
    optional = bool(source.get("optional"))
    found = find(plural, name)
    if found is None:
        if optional:
            return {}
        message = f'MountVolume.SetUp failed for volume "{volume}" : {missing(plural, name)}'
        raise ContainerConfigError(message, "ContainerCreating")
    data = data_of(plural, found)
    items = source.get("items")
    if not items:
        return data
    absent = [item["key"] for item in items if item["key"] not in data]
    if absent and not optional:
        message = f"references non-existent secret key: {absent[0]}"
        if plural == CONFIG_MAPS:
            message = f"configmap references non-existent config key: {absent[0]}"
        message = f'MountVolume.SetUp failed for volume "{volume}" : {message}'
        raise ContainerConfigError(message, "ContainerCreating")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def _working_directory(container: Mapping[str, Any], mounts: Mounts, scratch: Scratch) -> Path:
    """
    Return where the process starts: its ``workingDir``, made if need be, or its home.

    :raises ContainerConfigError: ``workingDir`` is in no volume: that would be this machine's own.
    """
    asked = container.get("workingDir")
    if not asked:
        return scratch.directory("home")
    local = mounts.local_path(asked)
    if local is None:
        raise ContainerConfigError(f"workingDir {asked} is not below a volumeMount")
    directory = Path(local)
    directory.mkdir(parents=True, exist_ok=True)
    return directory
