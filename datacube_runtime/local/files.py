"""Files that only the user may read, from the first byte on, and never half written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o600


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only the user can read, whole or not at all."""
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:  # noqa: PTH123 - Path.open cannot give the mode
        file.write(data)
    half.replace(path)
