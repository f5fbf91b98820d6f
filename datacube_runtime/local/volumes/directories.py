"""
PersistentVolumeClaims as directories: ``volumes/<namespace>/<name>``.

A claim is bound as soon as it is seen; its size and access modes are noted and not enforced. A
directory belongs to one claim, by uid: a new claim under an old name gets an empty directory, and
deleting a claim removes its data, as ``reclaimPolicy: Delete`` does. A directory whose claim is not
known at start stays: what was removed by mistake never comes back.

Nothing that a name or a ``subPath`` says leads out of these directories, symbolic links included.
This protects against mistakes and against data that lies; processes of one user are not protected
from each other.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.pods.errors import ContainerConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.volumes.trash import Trash

PATH_ANNOTATION = "volume.datacube-local/path"

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")


class Volumes:
    """The directories of all claims."""

    def __init__(self, root: Path, trash: Trash) -> None:
        self._root = root
        self._trash = trash
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def directory(self, namespace: str, name: str) -> Path:
        """
        Return where the data of a claim is.

        :raises ValueError: the name is none that Kubernetes allows, so it might lead elsewhere.
        """
        for part in (namespace, name):
            if not _SUBDOMAIN.fullmatch(part):
                raise ValueError(f"not a name of Kubernetes: {part!r}")
        return self._root / namespace / name

    def mounted(self, namespace: str, name: str) -> Path:
        """
        Return where the data of a claim is, for a container to have.

        :raises ContainerConfigError: a process has put a link in its place, which leads elsewhere.
        """
        directory = self.directory(namespace, name)
        if directory.is_symlink():
            raise ContainerConfigError(f'the directory of claim "{name}" was replaced by a link')
        return directory

    def holder(self, namespace: str, name: str) -> str | None:
        """Return the uid of the claim that the directory belongs to; None where there is none."""
        mark = self._mark(namespace, name)
        return mark.read_text() if mark.exists() else None

    def provide(self, namespace: str, name: str, uid: str) -> Path:
        """Make the directory of a claim; it is left as it is where it is there already."""
        directory = self.directory(namespace, name)
        directory.parent.mkdir(mode=0o700, exist_ok=True)
        self._mark(namespace, name).write_text(uid)
        if not directory.is_symlink():  # see ``mounted``
            directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def retire(self, namespace: str, name: str) -> None:
        """Remove the directory of a claim that is gone, with all that is in it."""
        self._trash.discard(self.directory(namespace, name))
        self._mark(namespace, name).unlink(missing_ok=True)

    def _mark(self, namespace: str, name: str) -> Path:
        directory = self.directory(namespace, name)
        return directory.with_name(f".{name}.uid")  # no name of Kubernetes begins with a dot


def bound_spec(claim: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Return the merge patch that ties a claim to its directory; empty where it is tied."""
    meta, spec = claim["metadata"], claim["spec"]
    patch: dict[str, Any] = {}
    if (meta.get("annotations") or {}).get(PATH_ANNOTATION) != str(directory):
        patch["metadata"] = {"annotations": {PATH_ANNOTATION: str(directory)}}
    if not spec.get("volumeName"):
        patch["spec"] = {"volumeName": f"pvc-{meta['uid']}"}
    return patch


def bound_status(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status of a claim that has its volume."""
    spec = claim["spec"]
    capacity = dict((spec.get("resources") or {}).get("requests") or {})
    modes = list(spec.get("accessModes") or ())
    return {
        **(claim.get("status") or {}),
        "phase": "Bound",
        "accessModes": modes,
        "capacity": capacity,
    }


def resolve_sub_path(root: Path, sub_path: str, field: str = "subPath") -> Path:
    """
    Return the directory or file below ``root``; directories that are missing are made.

    Each step is resolved before the next is taken, so a symbolic link may lead anywhere inside the
    volume and nowhere else. ``field`` is what says so, for the error.

    :raises ContainerConfigError: it is absolute, holds ``..``, or a link leads out of the volume.
    """
    path = PurePosixPath(sub_path)
    if path.is_absolute() or ".." in path.parts:
        raise ContainerConfigError(f'{field} "{sub_path}" must be relative and hold no ".."')
    within = here = root.resolve()
    for part in path.parts:
        try:
            here = (here / part).resolve()
            if not here.is_relative_to(within):
                raise ContainerConfigError(f'{field} "{sub_path}" leads out of the volume')
            if not here.is_file():
                here.mkdir(mode=0o700, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
            raise ContainerConfigError(f'{field} "{sub_path}" cannot be made') from error
    return here
