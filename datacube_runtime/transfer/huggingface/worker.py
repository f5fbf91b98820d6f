"""
The process that talks to the hub: ``worker fetch|send <plan.json>``.

Answers with one JSON object on standard output, a result or the facts of a failure, and judges
neither; see ``child``. Its environment holds the token, its arguments and its plan do not.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from datacube_runtime.transfer.exit import TransferError


def main() -> None:
    """Do what the plan says, answer, and end at once: a transfer that failed waits for nobody."""
    command, plan = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    warnings.simplefilter("ignore")  # the library's advice is for programmers
    try:
        answer = {"result": _do(command, plan)}
    except TransferError as error:
        answer = {"failure": {"kind": "said", "reason": error.reason, "words": str(error)}}
    except ModuleNotFoundError as error:
        answer = {"failure": {"kind": "absent", "words": str(error.name)}}
    except Exception as error:  # noqa: BLE001 - the entry point: whatever happens is an answer
        from datacube_runtime.transfer.huggingface.facts import facts  # noqa: PLC0415 - see _do

        answer = {"failure": facts(error)}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit("failure" in answer)


def _do(command: str, plan: dict[str, Any]) -> dict[str, Any]:
    """Import what the command needs, and no more: it takes a while, and may not be installed."""
    from datacube_runtime.transfer.huggingface.hub import Hub  # noqa: PLC0415 - as said

    hub = Hub.of(plan)
    if command == "fetch":
        from datacube_runtime.transfer.huggingface.fetch import fetch  # noqa: PLC0415 - as said

        return fetch(hub, plan)
    from datacube_runtime.transfer.huggingface.send import Send  # noqa: PLC0415 - as said

    return Send(hub, plan).run()


if __name__ == "__main__":
    main()
