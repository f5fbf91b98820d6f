"""What the kubelet knows of a pod while its process runs: all that a restart would lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local.pods.steps import ProcessView

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.local.pods.processes import Process


@dataclass
class Live:
    """A pod whose process runs, or has just ended."""

    namespace: str
    name: str
    uid: str
    claims: tuple[str, ...]
    process: Process
    started_at: datetime
    memory_limit: int | None = None
    """Bytes; None where nothing is counted."""
    ending_since: datetime | None = None
    was_killed: bool = False
    out_of_memory: bool = False
    """Whether it was killed because it passed its memory limit."""

    def view(self) -> ProcessView:
        """Return what ``pods`` decides on."""
        return ProcessView(self.process.exit_code is not None, self.ending_since, self.was_killed)
