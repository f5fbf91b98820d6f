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


class TextFormatter(logging.Formatter):
    """The same for people: one line, the DataCube in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s%(about)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an error's traceback follows it."""
        cube = getattr(record, "cube", None)
        record.about = f" [{cube.namespace}/{cube.name}]" if isinstance(cube, CubeRef) else ""
        return super().format(record)


def log_to_stderr(level: str, form: str) -> None:
    """Let all loggers of the process write to stderr, as ``json`` or as ``text``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
