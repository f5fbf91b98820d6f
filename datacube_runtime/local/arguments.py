"""
The words of ``datacube-local``: what may be said, and the help that teaches it.

It parses and decides nothing; where a default depends on the user's environment, the caller gives
it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from datacube_runtime.local.version import KUBERNETES

_DESCRIPTION = """\
A Kubernetes-compatible cluster on this machine, for one user: an API server on
127.0.0.1, Jobs and pods as processes, volumes as directories, DataCubes by their
own controller. It needs no container engine and no root.
"""

_EXAMPLES = """\
a first look:
  datacube-local up                        start it in the background
  eval "$(datacube-local up)"              the same, and point kubectl at it
  kubectl get datacubes,jobs,pods
  datacube-local logs -f POD
  datacube-local down                      what it knows is kept for the next up
  datacube-local reset                     forget everything

several side by side:
  datacube-local up --data-dir ~/second

for Airflow: an ordinary connection of type kubernetes, its kube_config_path the
file "kubeconfig" in the data directory.
"""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def parser(default_dir: Path) -> argparse.ArgumentParser:
    """Return the parser of the whole command; ``given.command`` names the one that was said."""
    whole = argparse.ArgumentParser(
        prog="datacube-local",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="say which one this is")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    where, how = _where(default_dir), _how()
    commands.add_parser("up", help="start it in the background", parents=[where, how])
    commands.add_parser("down", help="stop it, its pods first; state is kept", parents=[where])
    shown = commands.add_parser(
        "status",
        help="say whether it runs, where, and what it holds",
        description="The exit code is 0 when it runs and 3 when it does not.",
        parents=[where],
    )
    shown.add_argument("--output", "-o", choices=("text", "json"), default="text")
    _add_logs(commands.add_parser("logs", help="show what a pod has written", parents=[where]))
    commands.add_parser("kubeconfig", help="print the kubeconfig, token included", parents=[where])
    gone = commands.add_parser(
        "reset", help="remove everything: objects, volumes, logs", parents=[where]
    )
    gone.add_argument("--yes", "-y", action="store_true", help="do not ask")
    gone.add_argument("--force", action="store_true", help="stop it first if it runs")
    commands.add_parser("start", help="run it here until Ctrl-C", parents=[where, how])
    return whole


def words_of(given: argparse.Namespace) -> list[str]:
    """Return the words with which ``start`` is told what ``up`` was told."""
    words = ["--data-dir", str(given.data_dir), "--port", str(given.port)]
    words += ["--log-level", given.log_level]
    if given.no_controller:
        words.append("--no-controller")
    if given.backoff_base is not None:
        words += ["--backoff-base", str(given.backoff_base)]
    return words


def has_wishes(given: argparse.Namespace) -> bool:
    """Tell whether ``up`` was told how it is to run."""
    return bool(given.port or given.no_controller or given.backoff_base is not None)


class _Version(argparse.Action):
    """Says which version this is, and which Kubernetes it is like."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Say it, and end."""
        from importlib.metadata import version  # noqa: PLC0415 - it costs each command 20 ms

        found = version("airflow-provider-datacube")
        parser.exit(message=f"{parser.prog} {found} (Kubernetes {KUBERNETES})\n")


def _where(default_dir: Path) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--data-dir",
        type=Path,
        default=default_dir,
        metavar="DIR",
        help="state, volumes and the kubeconfig, private to you (default: %(default)s)",
    )
    return options


def _how() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--port", type=_port, default=0, help="on 127.0.0.1; the one of last time or any without it"
    )
    options.add_argument(
        "--no-controller", action="store_true", help="let DataCubes just lie there"
    )
    options.add_argument(
        "--backoff-base",
        type=_seconds,
        metavar="SECONDS",
        help="pause after the first failed attempt of a Job, doubled each time (Kubernetes: 10)",
    )
    options.add_argument("--log-level", choices=_LEVELS, default="INFO")
    return options


def _add_logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument(
        "of",
        nargs="?",
        default="server",
        metavar="POD|controller|server",
        help="a pod; `controller` and `server` are the cluster's own (default: server)",
    )
    logs.add_argument("--follow", "-f", action="store_true", help="go on until the pod has ended")
    logs.add_argument("--namespace", "-n", default="default", help="of the pod")
    logs.add_argument("--tail", type=_count, metavar="LINES", help="only the last ones")


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):  # noqa: PLR2004 - TCP's
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
