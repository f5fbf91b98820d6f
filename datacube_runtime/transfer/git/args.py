"""
Which of the author's ``extraArgs`` Git gets.

Git's arguments can run commands (``--upload-pack``), read other files (``--reference``,
``--template``) and lead elsewhere (``-c``, ``--repo``). The same arguments extend ``git clone``
when the repository is not there yet and ``git fetch`` when it is; what only one of the two knows
is not given to the other.

Source: git-clone(1), git-fetch(1), git-push(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.direction import Direction
from datacube_runtime.transfer.arguments import Allowed, Table, Value, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.arguments import ExtraArgs

_ANYWHERE = ("clone", "fetch", "push")
_COMMON: Table = {
    **known("--quiet -q", *_ANYWHERE),
    **known("--verbose -v", *_ANYWHERE),
    **known("--ipv4 -4", *_ANYWHERE),
    **known("--ipv6 -6", *_ANYWHERE),
}
RECURSE = "--recurse-submodules"
_DOWNLOAD: Table = {
    **_COMMON,
    **known(RECURSE),  # no command gets it: submodules are transfers of their own
    **known("--depth", "clone", "fetch", value=Value.REQUIRED),
    **known("--shallow-since", "clone", "fetch", value=Value.REQUIRED),
    **known("--shallow-exclude", "clone", "fetch", value=Value.REQUIRED),
    **known("--filter", "clone", "fetch", value=Value.REQUIRED),
    **known("--jobs -j", "clone", "fetch", value=Value.REQUIRED),
    **known("--no-tags", "clone", "fetch"),
    **known("--single-branch", "clone"),
    **known("--no-single-branch", "clone"),
    **known("--deepen", "fetch", value=Value.REQUIRED),
    **known("--prune -p", "fetch"),
    **known("--tags -t", "fetch"),
}
_UPLOAD: Table = {
    **_COMMON,
    **known("--atomic", "push"),
    **known("--follow-tags", "push"),
    **known("--tags", "push"),
    **known("--force -f", "push"),
    **known("--force-with-lease", "push", value=Value.OPTIONAL),
    **known("--no-verify", "push"),
    **known("--push-option -o", "push", value=Value.REQUIRED),
    **known("--thin", "push"),
    **known("--no-thin", "push"),
}
_WHY_NOT = {
    "--upload-pack": "it runs a command",
    "-u": "it runs a command, or writes into the repository",
    "--receive-pack": "it runs a command",
    "--exec": "it runs a command",
    "-c": "it changes what Git runs and where it goes",
    "--config": "it changes what Git runs and where it goes",
    "--template": "it brings hooks along",
    "--reference": "it reads other directories",
    "--separate-git-dir": "it writes to other directories",
    "--branch": "use the option ref",
    "-b": "use the option ref",
    RECURSE: "submodules are other repositories, and a push is of one",
    "--mirror": "it deletes what is not in the source",
    "--delete": "it deletes",
    "--repo": "use the option url",
}
_NARROWING = frozenset(
    {"--depth", "--shallow-since", "--shallow-exclude", "--single-branch", "--deepen"}
)

ALLOWED: Mapping[Direction, Allowed] = {
    Direction.DOWNLOAD: Allowed(_DOWNLOAD, _WHY_NOT),
    Direction.UPLOAD: Allowed(_UPLOAD, _WHY_NOT),
}


def is_narrow(extra_args: ExtraArgs) -> bool:
    """Tell whether one branch only is wanted, and not all of its history perhaps."""
    names = extra_args.names
    return "--no-single-branch" not in names and not names.isdisjoint(_NARROWING)
