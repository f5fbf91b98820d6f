"""
What Git prints while it works, read.

Source: ``Receiving objects:  42% (5/12), 1.30 MiB | 4.50 MiB/s``, see progress.c of Git; the words
do not change under LC_ALL=C. Git does not know how many bytes will come.
"""

from __future__ import annotations

import re

from datacube_api.progress import Count, Phase, Progress

_UNITS = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_PHASES = {
    "Enumerating objects": Phase.LIST,
    "Counting objects": Phase.LIST,
    "Compressing objects": Phase.LIST,
    "Receiving objects": Phase.TRANSFER,
    "Writing objects": Phase.TRANSFER,
    "Resolving deltas": Phase.VERIFY,
    "Updating files": Phase.CHECKOUT,
}
_LINE = re.compile(
    rf"(?:remote: )?(?P<title>{'|'.join(_PHASES)}): +"
    r"(?:\d+% \((?P<n>\d+)/(?P<total>\d+)\)|\d+)"
    r"(?:, (?P<done>[\d.]+) (?P<unit>bytes|KiB|MiB|GiB))?"
    r"(?: \| [\d.]+ (?:bytes|KiB|MiB|GiB)/s)?(?:, done\.?)? *"
)


def read_line(line: str) -> Progress | str:
    """Return how far Git is; a line that says something else is for people as it is."""
    found = _LINE.fullmatch(line)
    if not found:
        return line
    phase = _PHASES[found["title"]]
    unit = "files" if phase is Phase.CHECKOUT else "objects"
    count = Count(int(found["n"]), int(found["total"]), unit) if found["n"] else None
    done = int(float(found["done"]) * _UNITS[found["unit"]]) if found["done"] else 0
    return Progress(phase, done, count=count)
