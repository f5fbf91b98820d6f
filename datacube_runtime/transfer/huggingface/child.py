"""
The process that talks to the hub, as seen from the program.

huggingface_hub is imported there and never here, so that the token is in one environment that ends
with the transfer. It is asked by a file in the private directory, which holds no credential; it
answers on standard output with a result or with the facts of a failure, and says on standard error,
in lines of JSON, how far it is.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datacube_api.progress import Count, Phase, Progress
from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.huggingface.environment import worker_environment
from datacube_runtime.transfer.huggingface.failure import Asked, failure
from datacube_runtime.transfer.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_api.direction import Direction
    from datacube_runtime.transfer.huggingface.repo import Repo
    from datacube_runtime.transfer.steps import Finished, Workshop

_WORKER = (sys.executable, "-P", "-m", "datacube_runtime.transfer.huggingface.worker")


@dataclass(frozen=True)
class Child:
    """Asks, and turns the answer into a result or an error."""

    workshop: Workshop
    repo: Repo
    direction: Direction
    token: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)

    def ask(
        self, command: str, *, xet: bool, may_xet: bool = False, **question: Any
    ) -> dict[str, Any]:
        """
        Return the result; ``may_xet`` lets xet in for the files that need it.

        :raises TransferError: what the hub or the system answered instead.
        """
        plan = self.workshop.private / "plan.json"
        whom = {
            "type": str(self.repo.type),
            "id": self.repo.id,
            "revision": self.repo.revision,
            "xet": xet,
        }
        plan.write_text(json.dumps({**whom, **question}))
        environment = worker_environment(
            self.variables, self.workshop.private, self.repo, self.token, xet=xet or may_xet
        )
        step = Step((*_WORKER, command, str(plan)), environment, read_line)
        answer = read_answer(self.workshop.engine.run(step))
        if "failure" in answer:
            raise failure(answer["failure"], self._asked)
        result: dict[str, Any] = answer["result"]
        return result

    @property
    def _asked(self) -> Asked:
        return Asked(self.repo, self.direction, bool(self.token))


def read_line(line: str) -> Progress | str | None:
    """Read a line of standard error; what is no JSON of ours is shown as it is."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    if not isinstance(said, dict) or "phase" not in said:
        return line
    done, total = said["files"]
    return Progress(Phase(said["phase"]), said["done"], said["total"], Count(done, total))


def read_answer(finished: Finished) -> dict[str, Any]:
    """
    Return what the process answered.

    :raises TransferError: it ended without an answer.
    """
    try:
        answer = json.loads(finished.output)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and ("result" in answer or "failure" in answer):
        return answer
    words = " | ".join(finished.tail[-3:]) or "it said nothing"
    message = f"the process that talks to the hub ended with {finished.code}: {words}"
    raise TransferError(Reason.ENGINE_FAILED, message)
