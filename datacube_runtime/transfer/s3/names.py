"""
Which keys cannot become files. Pure.

rclone would skip some of these silently, move others to another name, and fail on the rest when
half of the work is done. So the names are looked at before anything is moved.

In a listing rclone writes a part ``.`` or ``..`` of a key with full-width dots; where a key really
holds these, it quotes them. So they stand for nothing else here.

Source: "Path safety" of the engine measurements; https://rclone.org/overview/#encoding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacube_runtime.transfer import names

if TYPE_CHECKING:
    from collections.abc import Collection

LINK_SUFFIX = ".rclonelink"
"""rclone would make a symbolic link of such an object."""

_DOT = "\uff0e"
_DOTS = frozenset({_DOT, 2 * _DOT})
_OURS = re.compile(r"\.datacube-[0-9a-f]{6}$")


def unfit(paths: Collection[str], *, folds_case: bool) -> list[str]:
    """Return a sentence for each key that no file can have; see ``names.unfit``."""
    return names.unfit(paths, folds_case=folds_case, problem=_problem, shown=_as_key)


def _as_key(path: str) -> str:
    """Return the key that rclone shows as this path."""
    parts = path.split("/")
    return "/".join(part.replace(_DOT, ".") if part in _DOTS else part for part in parts)


def _problem(path: str) -> str:
    if problem := names.path_problem(_as_key(path)):
        return problem
    if path.endswith(LINK_SUFFIX):
        return f"ends in {LINK_SUFFIX}, which means a symbolic link to rclone"
    if _OURS.search(path):
        return "looks like an unfinished file of this program"
    return ""
