"""
The command ``datacube-local``: reads arguments and environment, and hands them to a command.

The only module of the embedded cluster that looks at the environment. What only ``start`` needs is
imported when it is asked for: the other commands answer at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_runtime.local import commands
from datacube_runtime.local.arguments import has_wishes, parser, words_of
from datacube_runtime.local.background import BackgroundError
from datacube_runtime.local.instances import DataDirectoryError
from datacube_runtime.local.mishaps import sentence_of
from datacube_runtime.local.reading import NoLogError, PodLog

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.embedded import Config

_PASSED_ON = ("PATH", "HOME", "PYTHONPATH")
_INTERRUPTED = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words say; return the exit code."""
    given = parser(default_directory(os.environ, Path.home())).parse_args(argv)
    given.data_dir = given.data_dir.expanduser().resolve()
    try:
        return _start(given) if given.command == "start" else _command(given)
    except (commands.CommandError, BackgroundError, NoLogError) as error:
        return _failed(str(error))
    except BrokenPipeError:  # `datacube-local logs … | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return commands.OK
    except (DataDirectoryError, OSError, sqlite3.Error) as error:
        sentence = sentence_of(error, given.data_dir, getattr(given, "port", 0))
        if sentence is None:
            raise
        return _failed(sentence)
    except KeyboardInterrupt:
        return _INTERRUPTED


def default_directory(environment: Mapping[str, str], home: Path) -> Path:
    """
    Return where the state of a cluster is kept that was given no place.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/ (a relative one is invalid)
    """
    base = Path(environment.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else home / ".local/share") / "datacube-local"


def _command(given: Namespace) -> int:
    place = commands.Place(given.data_dir, sys.stdout, sys.stderr)
    match given.command:
        case "up":
            kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            return commands.up(place, words_of(given), kept, has_wishes=has_wishes(given))
        case "down":
            return commands.down(place)
        case "status":
            return commands.status(place, given.output)
        case "logs":
            follow, tail = given.follow, given.tail
            wanted = PodLog(given.namespace, given.of, follow=follow, tail=tail)
            return commands.logs(place, wanted, sys.stdout.buffer)
        case "kubeconfig":
            return commands.kubeconfig(place)
        case _:
            is_sure = (lambda _: True) if given.yes else commands.asked
            return commands.reset(place, is_sure=is_sure, force=given.force)


def _start(given: Namespace) -> int:
    from datacube_runtime.local.embedded import Config  # noqa: PLC0415 - as the docstring says
    from datacube_runtime.local.loops import fastest  # noqa: PLC0415 - the same

    logging.basicConfig(level=given.log_level, format="%(asctime)s %(levelname)s %(message)s")
    config = Config(
        data_dir=given.data_dir,
        path=_path(),
        port=given.port,
        has_controller=not given.no_controller,
        backoff_base_s=given.backoff_base,
    )
    with asyncio.Runner(loop_factory=fastest()) as runner:
        runner.run(_run_until_signal(config))
    return commands.OK


async def _run_until_signal(config: Config) -> None:
    from datacube_runtime.local.embedded import run  # noqa: PLC0415 - as the docstring says

    running = asyncio.ensure_future(run(config, lambda: _say_ready(config)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _say_ready(config: Config) -> None:
    sys.stdout.write(f"ready: KUBECONFIG={config.kubeconfig}\n")
    sys.stdout.flush()


def _failed(why: str) -> int:
    sys.stderr.write(f"datacube-local: {why}\n")
    return commands.FAILED


def _path() -> str:
    """Return the PATH of pods: the programs beside this Python first, then the user's."""
    beside = str(Path(sys.executable).parent)
    return os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))


if __name__ == "__main__":
    sys.exit(main())
