"""The command line of ``datacube-controller``: what may be said, and what is meant by it."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from datacube_api.errors import DataCubeError
from datacube_api.pod_settings import PodSettings, settings_from
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_POLICIES = ("Always", "IfNotPresent", "Never")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class Command:
    """How to run: everything that is not about DataCubes, and ``settings``, which are."""

    settings: Settings = field(default_factory=Settings)
    kubeconfig: str | None = None
    leader_elect: bool = False
    lease_namespace: str | None = None
    lease_name: str = "datacube-controller"
    lease_times: tuple[float, float, float] = (15.0, 10.0, 2.0)
    listen: tuple[str, int] | None = ("127.0.0.1", 8080)
    qps: float = 50.0
    burst: int = 100
    log_format: str = "json"
    log_level: str = "INFO"


def command(argv: Sequence[str] | None = None) -> Command:
    """Return what the arguments ask for; a mistake in them ends the process with a usage error."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        settings = _settings(given)
    except DataCubeError as error:
        parser.error(str(error))
    return Command(
        settings=settings,
        kubeconfig=given.kubeconfig,
        leader_elect=given.leader_elect,
        lease_namespace=given.lease_namespace,
        lease_name=given.lease_name,
        lease_times=given.lease_times,
        listen=given.listen,
        qps=given.qps,
        burst=given.burst,
        log_format=given.log_format,
        log_level=given.log_level,
    )


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        namespaces=tuple(dict.fromkeys(given.namespace)),
        workers=given.workers,
        volume_grace_s=given.volume_grace,
        resync_s=given.resync,
        defaults=_defaults(given.settings),
    )


def _defaults(path: Path | None) -> PodSettings:
    if path is None:
        return PodSettings()
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataCubeError(f"--settings: cannot read {path}: {error}") from error
    if not isinstance(fields, dict):
        raise DataCubeError(f"--settings: {path} must be a mapping of pod settings")
    return settings_from(fields, f"--settings: {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="datacube-controller",
        description="Run DataCubes: one Job each, and its outcome in the DataCube's status.",
    )
    _add_work(parser)
    _add_election(parser.add_argument_group("several replicas"))
    _add_process(parser.add_argument_group("this process"))
    return parser


def _add_work(parser: argparse.ArgumentParser) -> None:
    default, add = Settings(), parser.add_argument
    add("--kubeconfig", metavar="FILE", help="cluster to work on; in-cluster without it")
    text = "only this namespace; may be given several times; all without it"
    add("--namespace", metavar="NS", action="append", default=[], help=text)
    add("--image", default=default.image, help="of the transfer pods (%(default)s)")
    add("--image-pull-policy", choices=_POLICIES, default=default.image_pull_policy)
    text = "DataCubes that are looked at at a time (%(default)s)"
    add("--workers", type=_positive, metavar="N", default=default.workers, help=text)
    text = "YAML file with defaults of pod settings (docs/controller.md)"
    parser.add_argument("--settings", type=Path, metavar="FILE", help=text)
    text = "how long a new DataCube may wait for a missing claim (%(default)s)"
    seconds, grace = "SECONDS", default.volume_grace_s
    add("--volume-grace", type=_not_negative, metavar=seconds, default=grace, help=text)
    text = "how often every DataCube is looked at again, whatever the watches said (%(default)s)"
    add("--resync", type=_seconds, metavar=seconds, default=default.resync_s, help=text)
    text = "requests a second to the API server in the long run; 0: no limit (%(default)s)"
    add("--qps", type=_not_negative, metavar="F", default=Command.qps, help=text)
    text = "requests at once (%(default)s)"
    add("--burst", type=_positive, metavar="N", default=Command.burst, help=text)


def _add_election(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--leader-elect", action="store_true", help="work only while holding the lease")
    text = "where the lease is; the pod's own namespace without it"
    add("--lease-namespace", metavar="NS", help=text)
    add("--lease-name", metavar="NAME", default=Command.lease_name, help="(%(default)s)")
    text = "seconds: a lease holds, its holder gives up, it renews (15,10,2)"
    kind = "LEASE,RENEW,RETRY"
    add("--lease-times", type=_times, metavar=kind, default=Command.lease_times, help=text)


def _add_process(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    text = "where /livez, /readyz and /metrics are; 'off': nowhere (127.0.0.1:8080)"
    add("--listen", type=_address, metavar="HOST:PORT", default=Command.listen, help=text)
    add("--log-format", choices=("json", "text"), default=Command.log_format)
    add("--log-level", choices=_LEVELS, default=Command.log_level)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if number < 0 or not math.isfinite(number):
        raise argparse.ArgumentTypeError("must be a number, 0 or more")
    return number


def _seconds(text: str) -> float:
    if (number := _not_negative(text)) == 0:
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return number


def _times(text: str) -> tuple[float, float, float]:
    numbers = tuple(float(part) for part in text.split(","))
    if len(numbers) != 3 or not numbers[0] > numbers[1] > numbers[2] > 0:  # noqa: PLR2004 - see help
        raise argparse.ArgumentTypeError("must be three falling numbers of seconds, as 15,10,2")
    return numbers[0], numbers[1], numbers[2]


def _address(text: str) -> tuple[str, int] | None:
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 2**16:
        raise argparse.ArgumentTypeError("must be HOST:PORT, as 127.0.0.1:8080, or 'off'")
    return host.strip("[]"), int(port)
