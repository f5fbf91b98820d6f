"""
Records what a real API server answers to the scripts.

    python -m tests.conformance.record --kubeconfig FILE [TOPIC...]

Requests are written by hand, answers by this program alone: the real server decides. It needs the
right to make namespaces and definitions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.conformance.player import play
from tests.conformance.script import answers_file, scripts
from tests.conformance.servers import real


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Record the answers of a real API server.")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("topics", nargs="*", help="without any: all")
    said = parser.parse_args(arguments)
    asyncio.run(_record(said.kubeconfig, said.topics))


async def _record(kubeconfig: Path, topics: list[str]) -> None:
    async with real(kubeconfig) as server:
        for script in scripts():
            if not topics or script.topic in topics:
                answers = await play(server, script)
                answers_file(script.topic).write_text(_text(server.version, answers))
                sys.stdout.write(f"{script.topic}: {len(answers)}\n")


def _text(version: str, answers: dict[str, Any]) -> str:
    """Return a line an answer, so that a difference between two recordings is one line."""
    lines = (f"  {_json(name)}: {_json(answer)}" for name, answer in answers.items())
    return f'{{\n "server": {_json(version)},\n "answers": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1:])
