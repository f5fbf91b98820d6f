"""
Reading the API's times; ``datacube_api.conditions.timestamp`` writes them.

They are whole seconds, cut off: what is read back may lie up to a second before what was meant.
"""

from __future__ import annotations

from datetime import UTC, datetime


def moment_of(text: str) -> datetime:
    """Return a metav1.Time as an aware UTC time."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
