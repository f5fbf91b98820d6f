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
        """
        Return at most ``MAX_BYTES`` bytes of JSON.

        What is too long for that is cut, the longest text first; the reason and numbers never are.
        """
        said = {"message": self.message, **{f"result.{k}": v for k, v in self.result.items()}}
        while (excess := len(text := self._dumps(said)) - MAX_BYTES) > 0:  # ASCII: a byte a letter
            longest = max(said, key=lambda field: len(json.dumps(said[field])))
            said[longest] = _cut(said[longest], excess)
        return text

    def _dumps(self, said: Mapping[str, Any]) -> str:
        result = {name: said[f"result.{name}"] for name in self.result}
        return json.dumps({"reason": self.reason, "message": said["message"], "result": result})


def _cut(value: Any, excess: int) -> str | None:
    """Return a shorter text; nothing of what is no text: a part of that would be another value."""
    if not isinstance(value, str):
        return None
    # A letter takes twelve bytes of JSON at most, so this never cuts more than it has to.
    return value.removesuffix("…")[: -max(1, excess // 12)] + "…"


def read_termination(text: str | None) -> Termination | None:
    """Read back ``Termination.to_json``; None where the text is not ours."""
    try:
        said = json.loads(text or "")
        return Termination(Reason(said["reason"]), str(said["message"]), dict(said["result"]))
    except (ValueError, TypeError, KeyError):
        return None
