"""What a credential is called by those who do not know it, and what stands in its place."""

from __future__ import annotations

from typing import Final

MASK: Final = "***"
"""What stands where a credential was."""

SECRET_NAME: Final = (  # a pattern
    r"(?i:token|passw|secret|credential|(?:access|api|private)[_-]?key)"  # noqa: S105 - names, no secret
)
"""A part of the name of an option, a variable or a field whose value may be a credential."""
