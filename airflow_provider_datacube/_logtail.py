"""
Which lines of a pod's log are new, and which of those a person wants to read: pure.

A log is read piece by piece, each from the second in which the piece before it ended, since the API
knows no smaller time. So a piece begins with lines that have been seen; how many, is counted. A
piece that holds no more than the log's end (it is bounded) begins anywhere; there the lines' own
times, in nanoseconds, tell old from new.

Source: PodLogOptions (sinceTime, tailLines, limitBytes, timestamps) in the API's reference; a line
begins with its time as RFC 3339 has it, in the node's own zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from airflow_provider_datacube._redaction import safe_lines
from datacube_api.progress import Phase, read_progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINES: Final = 200
BYTES: Final = 60 * 1024
"""The most of a piece. The API cuts a log's beginning off by lines, and its end by bytes."""

_NS = 1_000_000_000
_STAMPED = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|[+-]\d\d:\d\d) ?(?P<text>.*)"
)
_SKIPPED = "(lines are left out here: more came than are read at once)"
_MOST_PODS = 4


class LogTail:
    """How far the logs of a DataCube have been read: a pod an attempt, one after another."""

    __slots__ = ("_last_ns", "_seen_in_second", "pods")

    def __init__(self) -> None:
        self.pods: tuple[str, ...] = ()
        self._last_ns = 0
        self._seen_in_second = 0

    @property
    def since(self) -> str:
        """The second to read from, as the API takes it; nothing at the beginning."""
        if not self._last_ns:
            return ""
        return f"{datetime.fromtimestamp(self._last_ns // _NS, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def starts(self, pod: str) -> None:
        """Take note of the pod that runs now; what the one before it left unread comes first."""
        if pod not in self.pods:
            self.pods = (*self.pods, pod)[-_MOST_PODS:]

    def ends(self) -> bool:
        """Turn from the first pod to the next; tell whether there is one."""
        if len(self.pods) < 2:  # noqa: PLR2004 - this one and the next
            return False
        self.pods = self.pods[1:]
        self._last_ns = self._seen_in_second = 0
        return True

    def take(self, piece: str, *, is_last: bool = False) -> list[str]:
        """
        Return the lines of a piece that are new, less their times.

        :param is_last: nothing comes after it, so that a line without an end is one too
        """
        *lines, rest = piece.split("\n")
        lines = [*lines, rest] if rest and is_last else lines
        stamped = list(_stamped(lines))
        if not stamped:
            return []
        is_tail = len(lines) >= LINES
        new = self._new_of_tail(stamped) if is_tail else stamped[self._seen_in_second :]
        skipped = [_SKIPPED] if is_tail and self._last_ns < stamped[0][0] else []
        self._last_ns = max(self._last_ns, *(time for time, _ in stamped))
        second = self._last_ns // _NS
        self._seen_in_second = sum(time // _NS >= second for time, _ in stamped)
        return skipped + [text for _, text in new]

    def _new_of_tail(self, stamped: list[tuple[int, str]]) -> list[tuple[int, str]]:
        return [(time, text) for time, text in stamped if time > self._last_ns]


def _stamped(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield nanoseconds since the epoch, and the line; one without a time has that before it."""
    time = 0
    for line in lines:
        if not (found := _STAMPED.fullmatch(line)):
            if time:
                yield time, line
            continue
        zone = found["zone"].replace("Z", "+00:00")
        second = datetime.fromisoformat(found["second"] + zone).timestamp()
        time = int(second) * _NS + int((found["fraction"] or "").ljust(9, "0"))
        yield time, found["text"]


def readable(lines: Iterable[str]) -> list[str]:
    """
    Return lines as a task's log shows them: redacted, of progress the last of each phase alone.

    Progress comes without the numbers that programs read.
    """
    shown = list(safe_lines("\n".join(lines), LINES + 1))
    progress = [read_progress(line) for line in shown]
    last: dict[Phase, int] = {said.phase: place for place, said in enumerate(progress) if said}
    return [
        said.to_words() if said else line
        for place, (line, said) in enumerate(zip(shown, progress, strict=True))
        if said is None or last[said.phase] == place
    ]
