"""
The last words of a transfer: one JSON object in the container's termination message.

The transfer program writes it, the controller reads it. A message that is not ours (an image that
never started our program, a kill) reads as None and is never taken for a success.

Source: a termination message holds 4096 bytes at most,
https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 4096


@dataclass(frozen=True)
class Termination:
    """Why the transfer ended, one sentence for people, and what it achieved (JSON values)."""

    reason: Reason
    message: str
    result: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return at most ``MAX_BYTES`` bytes of JSON; a long message is cut, never the reason."""
        kept, text = self.message, self._dumps(self.message)
        while kept and (excess := len(text) - MAX_BYTES) > 0:  # the JSON is ASCII: a byte a letter
            # A letter takes twelve of them at most, so this never cuts more than it has to.
            kept = kept[: -max(1, excess // 12)]
            text = self._dumps(kept + "…")
        return text

    def _dumps(self, message: str) -> str:
        return json.dumps({"reason": self.reason, "message": message, "result": dict(self.result)})


def read_termination(text: str | None) -> Termination | None:
    """Read back ``Termination.to_json``; None where the text is not ours."""
    try:
        said = json.loads(text or "")
        return Termination(Reason(said["reason"]), str(said["message"]), dict(said["result"]))
    except (ValueError, TypeError, KeyError):
        return None
