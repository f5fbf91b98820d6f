"""What a run of the transfer program says of its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.progress import Progress, read_progress

if TYPE_CHECKING:
    from datacube_api.progress import Phase


def last_of(ended: Any, phase: Phase) -> Progress:
    """Return how far a phase was at its end; no other line of the log may pass for progress."""
    found = [progress for line in ended.log.splitlines() if (progress := read_progress(line))]
    lines = [line for line in ended.log.splitlines() if "[done=" in line]
    assert [progress.to_line() for progress in found] == lines
    last: Progress = [progress for progress in found if progress.phase is phase][-1]
    return last
