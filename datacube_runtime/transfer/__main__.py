"""
The process: arguments and environment in, last words and exit code out.

The only module that reads the environment and the only one with an ``except Exception``: whatever
happens, the controller gets a reason.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_api.termination import Termination
from datacube_runtime.transfer.backends import BACKENDS
from datacube_runtime.transfer.exit import EXIT_CODES, TransferError, write_termination
from datacube_runtime.transfer.progress import Meter
from datacube_runtime.transfer.redact import RedactingFormatter, Redactor
from datacube_runtime.transfer.request import read_request, termination_log
from datacube_runtime.transfer.run import Cancellation, ProcessEngine
from datacube_runtime.transfer.steps import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one transfer and return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    # A core dump would hold the credentials; every process that we start inherits this.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    variables = dict(os.environ)
    redact = Redactor.of(variables)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redact))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    with Cancellation() as cancellation:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, cancellation.request)
        ended = _transfer(arguments, variables, redact, cancellation)
        _say(ended, termination_log(arguments))
    return EXIT_CODES[ended.reason]


def _transfer(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    redact: Redactor,
    cancellation: Cancellation,
) -> Termination:
    """Transfer, and return the last words whatever happens."""
    try:
        request = read_request(arguments, variables)
        backend = BACKENDS[request.type]
        engine = ProcessEngine(redact, Meter(_print_line, time.monotonic), cancellation)
        with TemporaryDirectory(prefix="transfer-") as private:
            ended = backend(request, Workshop(engine, Path(private)))
    except TransferError as error:
        ended = error.to_termination()
    except OSError as error:
        log.info("the operating system refused", exc_info=error)
        ended = TransferError.of(error).to_termination()
    except Exception as error:  # the last guard of the process: the controller needs a reason
        log.exception("the transfer failed in a way that nobody foresaw")
        message = f"unexpected {type(error).__name__}; the log of the transfer says more"
        ended = Termination(Reason.ENGINE_FAILED, message)
    return _redacted(ended, redact)


def _redacted(ended: Termination, redact: Redactor) -> Termination:
    result = {
        key: redact(value) if isinstance(value, str) else value
        for key, value in ended.result.items()
    }
    return Termination(ended.reason, redact(ended.message), result)


def _print_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress is what standard output is for


def _say(ended: Termination, path: Path) -> None:
    """Log the end and write it down; where that fails, the exit code still speaks."""
    level = logging.INFO if ended.reason is Reason.TRANSFER_SUCCEEDED else logging.ERROR
    log.log(level, "%s: %s %s", ended.reason, ended.message, dict(ended.result) or "")
    try:
        write_termination(path, ended)
    except OSError as error:
        log.warning("the termination message cannot be written: %s", error.strerror)


if __name__ == "__main__":
    sys.exit(main())
