"""
One JSON object a line: what happened (``event``), and to which DataCube.

For machines that collect logs. No option's value ever gets here: messages are made of names and
reasons.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from datacube_api.reference import CubeRef


class JsonFormatter(logging.Formatter):
    """Writes a record as JSON; ``extra={"cube": CubeRef}`` says whom it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        cube = getattr(record, "cube", None)
        if isinstance(cube, CubeRef):
            line |= {"namespace": cube.namespace, "name": cube.name, "uid": cube.uid}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_json(level: str) -> None:
    """Let all loggers of the process write JSON lines to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler])
