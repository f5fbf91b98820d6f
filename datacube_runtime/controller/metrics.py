"""
The controller's numbers, for Prometheus: what docs/controller.md lists, and nothing per DataCube.

A label never holds a name that somebody chose, so the number of series is bounded: types of
service, directions, the reasons of ``datacube_api.reasons``, verbs and status codes. Each set of
metrics has a registry of its own; two controllers in one process do not share one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import PlatformCollector as _Platform
from prometheus_client import ProcessCollector as _Process

from datacube_api.reasons import Reason
from datacube_api.status import Phase, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.controller.objects import Key, Obj

_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
_PASS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30)
_KNOWN_REASONS = frozenset(map(str, Reason))
_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


class Metrics:
    """Counts; ``text`` returns them as Prometheus reads them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        new: dict[str, Any] = {"registry": self.registry}
        _Process(registry=self.registry)
        _Platform(registry=self.registry)
        service = ("type", "direction")
        self._passes = Counter("datacube_reconciles", "Passes over a DataCube", ("result",), **new)
        self._pass_s = Histogram(
            "datacube_reconcile_duration_seconds", "Of one pass", buckets=_PASS, **new
        )
        self._errors = Counter("datacube_reconcile_errors", "Failed passes", ("error",), **new)
        self._depth = Gauge("datacube_queue_depth", "DataCubes that wait for a pass", **new)
        self._running = Gauge("datacube_transfers_running", "Transfers that run", service, **new)
        ended = (*service, "reason")
        self._ended = Counter("datacube_transfers_finished", "Ended transfers", ended, **new)
        self._bytes = Counter("datacube_transfer_bytes", "Bytes reported moved", service, **new)
        self._took_s = Histogram(
            "datacube_transfer_duration_seconds",
            "From the start of the Job to the end of the DataCube",
            ended,
            buckets=_SECONDS,
            **new,
        )
        asked = ("verb", "resource", "code")
        self._requests = Counter("datacube_api_requests", "Requests to the API", asked, **new)
        self._events = Counter("datacube_events", "Kubernetes Events", ("result",), **new)
        self.leader = Gauge("datacube_leader", "1 where this process is the leader", **new)
        self._cubes: dict[Key, tuple[str, str]] = {}

    def text(self) -> bytes:
        """Return the exposition."""
        return generate_latest(self.registry)

    def show_depth(self, depth: Callable[[], int]) -> None:
        """Let the depth of the queue be asked when it is read."""
        self._depth.set_function(depth)

    def count_pass(self, result: str, seconds: float) -> None:
        """Count a pass: ``success`` or ``error``."""
        self._passes.labels(result).inc()
        self._pass_s.observe(seconds)

    def count_error(self, error: str) -> None:
        """Count a failed pass by the word of what failed."""
        self._errors.labels(error).inc()

    def count_event(self, result: str) -> None:
        """Count an Event: ``sent``, ``dropped`` or ``failed``."""
        self._events.labels(result).inc()

    def count_request(self, method: str, path: str, status: int) -> None:
        """Count an answer of the API server; status 0 where none came."""
        verb, resource = asked(method, path)
        self._requests.labels(verb, resource, str(status)).inc()

    def see(self, key: Key, cube: Obj | None) -> None:
        """Keep the number of running transfers; None where the DataCube is gone."""
        now = service_of(cube) if cube is not None and _is_running(cube) else None
        before = self._cubes.get(key)
        if now == before:
            return
        if before is not None:
            del self._cubes[key]
            self._running.labels(*before).dec()
        if now is not None:
            self._cubes[key] = now
            self._running.labels(*now).inc()

    def count_end(self, cube: Obj, status: Mapping[str, Any]) -> None:
        """Count the end that is being written into a DataCube's status."""
        service = service_of(cube)
        reason = evaluate(status).reason
        labels = (*service, reason if reason in _KNOWN_REASONS else "Other")
        self._ended.labels(*labels).inc()
        moved = (status.get("result") or {}).get("bytes")
        if isinstance(moved, int) and moved > 0:
            self._bytes.labels(*service).inc(moved)
        start, end = status.get("startTime"), status.get("completionTime")
        if start and end:
            took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
            self._took_s.labels(*labels).observe(max(0.0, took.total_seconds()))


def service_of(cube: Obj) -> tuple[str, str]:
    """Return type and direction of a DataCube, whatever is wrong with the rest of it."""
    spec = cube.get("spec") or {}
    source, sink = ((spec.get(end) or {}).get("type") for end in ("source", "sink"))
    kind, direction = (sink, "upload") if source == "pvc" else (source, "download")
    return kind if kind in ("git", "huggingface", "s3") else "other", direction


def asked(method: str, path: str) -> tuple[str, str]:
    """Return verb and resource of a request, without the name of any object."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if len(rest) > 2 and rest[0] == "namespaces":  # noqa: PLR2004 - namespaces/<name>/<resource>
        rest = rest[2:]
    resource = "/".join((rest[0], *rest[2:]))
    verb = _VERBS.get(method) or ("list" if len(rest) == 1 else "get")
    return verb, resource


def _is_running(cube: Obj) -> bool:
    return evaluate(cube.get("status")).phase is Phase.RUNNING
