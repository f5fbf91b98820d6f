"""
Which paths of a source a volume cannot hold. Pure.

In a repository or a bucket a path is any text; in a volume it is not. What does not fit is found
before anything is written, and all of it is said at once: a name that leads out, a file where
others need a directory, two that a file system without upper and lower case takes for one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_NAME_BYTES, _PATH_BYTES = 255, 4000  # NAME_MAX; PATH_MAX less some room for the directory
_SHOWN, _SHOWN_CHARS = 5, 120


def path_problem(path: str) -> str:
    """Return why no file can have this path below a directory; empty where one can."""
    parts = path.split("/")
    if "" in parts:
        return "has an empty part (begins or ends with '/', or holds '//')"
    if not {".", ".."}.isdisjoint(parts):
        return "has a part '.' or '..'"
    if "\0" in path:
        return "holds a NUL"
    if any(len(part.encode(errors="replace")) > _NAME_BYTES for part in parts):
        return f"has a part that is longer than {_NAME_BYTES} bytes"
    if len(path.encode(errors="replace")) > _PATH_BYTES:
        return f"is longer than {_PATH_BYTES} bytes"
    return ""


def unfit(
    paths: Collection[str],
    *,
    folds_case: bool,
    problem: Callable[[str], str] = path_problem,
    shown: Callable[[str], str] = str,
) -> list[str]:
    """
    Return a sentence for each path that no file can have, or that only one of several can.

    ``folds_case`` says that the volume takes ``A`` and ``a`` for the same; ``problem`` may know
    more than ``path_problem``, and ``shown`` how a path is written where it comes from.
    """
    alike = _alike(paths) if folds_case else ()
    impossible = ((path, why) for path in paths if (why := problem(path)))
    return [
        *(f"{shown(path)[:_SHOWN_CHARS]!r} {why}" for path, why in impossible),
        *(f"{path!r} would have to be a file and a directory" for path in _both(paths)),
        *(f"{path!r} differs from another only in upper and lower case" for path in alike),
    ]


def directories(paths: Collection[str]) -> set[str]:
    """Return every directory that holds one of the paths, at any depth."""
    return {parent for path in paths for parent in _parents(path)}


def shortened(sentences: Sequence[str]) -> str:
    """Return the first few, and how many more there are."""
    more = len(sentences) - _SHOWN
    return "; ".join(sentences[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _both(paths: Collection[str]) -> list[str]:
    return sorted(directories(paths).intersection(paths))


def _alike(paths: Collection[str]) -> Iterator[str]:
    folded = Counter(path.casefold() for path in paths)
    return (path for path in paths if folded[path.casefold()] > 1)


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
