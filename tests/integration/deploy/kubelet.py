"""
Runs a transfer's container as a kubelet would, in the image's root, without a container engine.

What the Job's own manifest says is what happens: command, arguments, variables, user, the mounts.
The root is read-only; ``/tmp`` is empty and writable, ``/volume`` is the claim, read-only where it
is the source, a file takes the last words, and ``/etc/hosts`` knows localhost. Nobody has a
capability, nor can get one.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.models import DataCube, Spec
from datacube_api.termination import Termination, read_termination
from datacube_runtime.controller.job import job_manifest
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.integration.deploy.recipe import Image

_MOUNTED = """
set -e
mount --bind "$0" "$0"
mount --bind "$1" "$0$4"
mount --bind "$2" "$0$5"
mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
[ "$3" = rw ] || mount -o remount,bind,ro "$0$4"
mount -o remount,bind,ro "$0"
root=$0; shift 5
exec chroot "$root" setpriv "$@"
"""


@dataclass
class Kubelet:
    """Runs transfers over a volume; ``secrets`` are the values by name and key."""

    image: Image
    directory: Path
    secrets: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        self._said = self.directory / "termination-log"
        self.volume = self.directory / "volume"
        self.volume.mkdir()
        os.chown(self.volume, 1000, 1000)  # what fsGroup does
        for name in ("volume", "dev"):
            (self.image.root / name).mkdir(exist_ok=True)
        (self.image.root / "dev/termination-log").touch()
        (self.image.root / "etc/hosts").write_text("127.0.0.1 localhost\n")

    def run(self, spec: Spec) -> Termination:
        """Run the pod of a DataCube; return its last words."""
        pod = _pod(spec)
        (container,) = pod["containers"]
        words = (*container["command"], *container["args"])
        done = self._done(pod, [word.replace("$$", "$") for word in words])
        ended = read_termination(self._said.read_text())
        assert ended is not None, f"{done.returncode}\n{done.stdout}{done.stderr}"
        return ended

    def shell(self, spec: Spec, script: str) -> str:
        """Run a script where its transfer would run; return what it says."""
        return self._done(_pod(spec), ["sh", "-c", script]).stdout

    def _done(
        self, pod: Mapping[str, Any], words: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        (container,) = pod["containers"]
        self._said.write_text("")
        self._said.chmod(0o666)
        return subprocess.run(
            [*self._around(pod, container), *words],
            env={**self.image.env, **self._variables(container)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _around(self, pod: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
        volume, tmp = container["volumeMounts"]
        assert tmp["mountPath"] == "/tmp"  # noqa: S108 - the pod's own
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        mode = "ro" if volume.get("readOnly") else "rw"
        places = [volume["mountPath"], container["terminationMessagePath"]]
        user = pod["securityContext"]["runAsUser"]
        rights = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        rights += ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        shell = ["unshare", "--mount", "sh", "-c", _MOUNTED, str(self.image.root)]
        return [*shell, str(self.volume), str(self._said), mode, *places, *rights, "--"]

    def _variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        return {entry["name"]: self._value(entry) for entry in container["env"]}

    def _value(self, entry: Mapping[str, Any]) -> str:
        if "valueFrom" not in entry:
            return str(entry["value"])
        named = entry["valueFrom"]["secretKeyRef"]
        return self.secrets[named["name"], named["key"]]


def _pod(spec: Spec) -> dict[str, Any]:
    manifest = DataCube(metadata={"name": "cube"}, spec=spec).to_manifest()
    manifest["metadata"] |= {"namespace": "default", "uid": "uid-cube"}
    pod: dict[str, Any] = job_manifest(manifest, spec, Settings())["spec"]["template"]["spec"]
    return pod
