"""
The command ``datacube-controller``: reads its arguments, runs the process, returns its code.

What the work needs is imported after the arguments are understood, so that ``--help`` and a
typing mistake cost nothing.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeError
from datacube_runtime.controller.arguments import command
from datacube_runtime.controller.logs import log_to_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("datacube_runtime.controller")  # and not "__main__"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the controller; return the exit code."""
    given = command(argv)
    log_to_stderr(given.log_level, given.log_format)
    import uvloop  # noqa: PLC0415 - see above

    from datacube_runtime.controller.process import run  # noqa: PLC0415 - see above

    try:
        return uvloop.run(run(given))
    except DataCubeError as error:
        logger.error("%s", error)  # noqa: TRY400 - a sentence for the person who starts it
        return 1


if __name__ == "__main__":
    sys.exit(main())
