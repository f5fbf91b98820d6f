"""
What of a directory is uploaded: regular files, and nothing that a link leads to.

``hf upload`` follows links to files, wherever they lead; here they are skipped and counted, as are
devices, sockets and pipes. ``.git`` and ``.cache`` belong to other programs, and the hub's library
refuses them; unfinished files of a download that runs at the same time are nobody's yet.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.huggingface.download import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OTHERS = frozenset({".git", ".cache"})
_UNFINISHED = re.compile(rf"\.{UNFINISHED}\.\w{{8}}\.partial")


@dataclass
class Found:
    """The files of a directory with their sizes, by relative path, and what was skipped."""

    sizes: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def walk(directory: Path, takes: Callable[[str], bool]) -> Found:
    """
    Return what is there, in order.

    :raises TransferError: Unsupported; a name is not UTF-8, which the hub demands.
    """
    found = Found()
    for path in sorted(_paths(directory)):
        relative = path.relative_to(directory).as_posix()
        if not takes(relative):
            continue
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            found.sizes[_text(relative)] = status.st_size
        else:
            found.skipped.append(relative)
    return found


def _paths(directory: Path) -> Iterator[Path]:
    """Yield what is no directory, links to directories included."""
    for parent, directories, files in os.walk(directory, onerror=_refuse):
        own = Path(parent)
        yield from (own / name for name in directories if (own / name).is_symlink())
        directories[:] = [name for name in directories if _is_ours(name)]
        yield from (own / name for name in files if name not in _OTHERS)


def _is_ours(name: str) -> bool:
    return name not in _OTHERS and not _UNFINISHED.fullmatch(name)


def _refuse(error: OSError) -> None:
    raise error


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        message = f"{name!r} is no UTF-8, and the hub takes no other names: rename it"
        raise TransferError(Reason.UNSUPPORTED, message) from None
    return name
