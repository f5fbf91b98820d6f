"""
Submodules: which other repositories a commit names, where they belong and where they come from.

Pure. Each is then transferred like any repository, under the same care: Git's own ``submodule``
commands would act on configuration that lies in the volume, and on protocols that are not spoken
here. Paths and commits come from the tree, which Git has checked; ``.gitmodules`` only says from
where.

Source: gitsubmodules(7), gitmodules(5).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datacube_runtime.transfer.exit import TransferError, invalid
from datacube_runtime.transfer.git.url import read_remote

if TYPE_CHECKING:
    from datacube_runtime.transfer.git.url import Remote

_LINK = "160000"
_SECTION = "submodule."


@dataclass(frozen=True)
class Submodule:
    """One submodule; ``url`` is as ``.gitmodules`` has it, empty where it has none."""

    path: str
    commit: str
    name: str = ""
    url: str = ""

    def remote(self, parent: Remote) -> Remote:
        """
        Return where it comes from; the parent's credential serves for the same server only.

        :raises TransferError: InvalidOption; no URL, or none that can be transferred from.
        """
        if not self.url:
            raise invalid("url", "is not in .gitmodules")
        found = read_remote(_resolved(self.url, parent.url), "")
        if found.credential is None and found.server == parent.server:
            return replace(found, credential=parent.credential)
        return found

    def blame(self, error: TransferError) -> TransferError:
        """Return an error of its transfer that says so."""
        return TransferError(error.reason, f"submodule {self.path}: {error}")


def read_submodules(tree: str, modules: str) -> list[Submodule]:
    """
    Return the submodules of a commit.

    ``tree`` is the output of ``git ls-tree -r -z``, ``modules`` that of ``git config --null
    --list`` for its ``.gitmodules``.
    """
    known = {said["path"]: (name, said.get("url", "")) for name, said in _sections(modules)}
    entries = (entry.partition("\t") for entry in tree.split("\0") if entry.startswith(_LINK))
    return [
        Submodule(path, about.split()[2], *known.get(path, ("", ""))) for about, _, path in entries
    ]


def _sections(modules: str) -> list[tuple[str, dict[str, str]]]:
    """Return the sections that name a path, by name."""
    sections: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for entry in modules.split("\0"):
        key, _, value = entry.partition("\n")
        name, _, variable = key.removeprefix(_SECTION).rpartition(".")
        if key.startswith(_SECTION) and name:
            sections[name][variable] = value
    return [(name, said) for name, said in sections.items() if "path" in said]


def _resolved(url: str, parent: str) -> str:
    """
    Return an URL that may be relative to the parent's.

    Source: ``relative_url`` in remote.c of Git.
    """
    if not url.startswith(("./", "../")):
        return url
    scheme, _, place = parent.partition("://")
    parts = place.rstrip("/").split("/")
    while url.startswith(("./", "../")):
        step, _, url = url.partition("/")
        if step == "..":
            parts = parts[:-1]
    if not parts:
        raise invalid("url", "leads out of the server")
    return f"{scheme}://{'/'.join(parts)}/{url}"
