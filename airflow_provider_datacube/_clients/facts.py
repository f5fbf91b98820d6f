"""
Look at what is around a DataCube that failed: never for long, never for much, never with an error.

It runs when something has gone wrong already, perhaps the cluster itself. So each request has a few
seconds and a size, all of them together have a few more, and whatever goes wrong becomes a fact
that is missing. What does not depend on an answer is asked for side by side. An event loop, though
only a worker looks, since that alone can bound the time of a name's resolution, a handshake and an
answer that drips.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import aiohttp
import kubernetes_asyncio.client

from airflow_provider_datacube._clients.asking import hang_up
from airflow_provider_datacube._clients.connections import connect
from airflow_provider_datacube._events import Ending
from airflow_provider_datacube._facts import (
    THE_CUBE,
    Condition,
    Event,
    Facts,
    Missing,
    Pod,
    conditions_of,
)
from airflow_provider_datacube._redaction import safe_lines
from airflow_provider_datacube._refusals import spoken
from datacube_api.errors import DataCubeApiError
from datacube_api.naming import job_name
from datacube_api.reference import GROUP, KIND, PLURAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubernetes_asyncio.client import CoreV1Api

    from airflow_provider_datacube._clients.asynchronous import AsyncCubes
    from datacube_api.reference import CubeRef

    Get = Callable[..., Any]  # a method of a generated client

Answer = TypeVar("Answer")

LINES: Final = 20

_MOST_BYTES = 2 * 1024 * 1024
# The API cuts a log's end off, not its beginning, so the limit must be beyond that many lines: a
# container runtime breaks them at 16 KiB.
_LOG_BYTES = LINES * 16 * 1024
_MOST_EVENTS = 200  # of one object; Kubernetes counts what is said again


@dataclass(frozen=True)
class Patience:
    """How long to wait: for one answer, and for all of them."""

    answer_s: float = 3.0
    all_s: float = 10.0


async def facts_of(
    conn_id: str, ref: CubeRef, pod: str = "", patience: Patience | None = None
) -> Facts:
    """
    Return what can be found out about a DataCube in so much time.

    :param pod: its name, where that is known already
    """
    patience = patience or Patience()
    look = _Look(ref, pod, patience.answer_s)
    try:
        async with asyncio.timeout(patience.all_s), connect(conn_id) as cubes:
            await look.around(cubes)
    except TimeoutError:
        look.miss("the rest", f"it took longer than {patience.all_s:g} seconds")
    except DataCubeApiError as error:
        look.miss("everything", str(error))
    return look.facts()


class _Look:
    """One look, and what has been found so far."""

    def __init__(self, ref: CubeRef, pod: str, answer_s: float) -> None:
        self.ref, self._answer_s = ref, answer_s
        self._pod_name, self._claim = pod, ""
        self._cube: _Cube | None = None
        self._pod: Pod | None = None
        self._events: list[Event] = []
        self._log: tuple[str, ...] = ()
        self._missing: list[Missing] = []

    def miss(self, what: str, why: str, grant: str = "") -> None:
        """Note what is not to be found out; once."""
        if (missing := Missing(what, why, grant)) not in self._missing:
            self._missing.append(missing)

    def facts(self) -> Facts:
        return Facts(
            outcome=self._cube.ending.outcome if self._cube else None,
            conditions=self._cube.conditions if self._cube else (),
            pod=self._pod,
            events=tuple(sorted(self._events, key=lambda event: event.when)),
            log=self._log,
            missing=tuple(self._missing),
        )

    async def around(self, cubes: AsyncCubes) -> None:
        """Find out what there is, in three rounds: each knows more names than the one before."""
        client = cubes.api.api_client  # type: ignore[attr-defined]  # their stubs forget it
        core = kubernetes_asyncio.client.CoreV1Api(client)
        ref, job = self.ref, job_name(self.ref.name)
        await self._read_cube(cubes)
        itself = f"involvedObject.uid={ref.uid}" if ref.uid else _about(KIND, ref.name)
        await asyncio.gather(
            self._find_pod(core, job),
            self._list_events(core, itself),
            self._list_events(core, _about("Job", job)),
            self._list_events(core, _about("PersistentVolumeClaim", self._claim)),
        )
        await asyncio.gather(
            self._read_log(core), self._list_events(core, _about("Pod", self._pod_name))
        )

    async def _read_cube(self, cubes: AsyncCubes) -> None:
        get = partial(cubes.api.get_namespaced_custom_object, **self.ref.item())
        cube = await self._ask(THE_CUBE, f"get {PLURAL}.{GROUP}", get, _cube)
        if cube is not None and self.ref.uid in ("", cube.ending.ref.uid):  # else a namesake
            self._cube, self._claim = cube, cube.ending.made["pvc"]
            self._pod_name = self._pod_name or cube.ending.outcome.pod

    async def _find_pod(self, core: CoreV1Api, job: str) -> None:
        """Read the pod that the status names, or find the newest of the Job."""
        namespace = self.ref.namespace
        if self._pod_name:
            read: Get = partial(core.read_namespaced_pod, self._pod_name, namespace)
            self._pod = await self._ask(f"pod {self._pod_name}", "get pods", read, _pod)
            return
        search: Get = partial(core.list_namespaced_pod, namespace, label_selector=f"job-name={job}")
        pods = await self._ask("the pod", "list pods", search, _pods)
        if pods:
            self._pod, self._pod_name = pods[-1], pods[-1].name
        elif pods is not None:
            self.miss("the pod", "there is none")

    async def _list_events(self, core: CoreV1Api, selector: str) -> None:
        if selector:
            events = partial(core.list_namespaced_event, self.ref.namespace, limit=_MOST_EVENTS)
            get = partial(events, field_selector=selector)
            found = await self._ask("Events", "list events", get, _events)
            self._events += found or ()

    async def _read_log(self, core: CoreV1Api) -> None:
        if not self._pod_name or (self._pod is not None and not self._pod.has_started):
            return
        get: Get = core.read_namespaced_pod_log
        if self._pod is not None:
            get = partial(get, container=self._pod.container)
        end = {"tail_lines": LINES, "limit_bytes": _LOG_BYTES}
        get = partial(get, self._pod_name, self.ref.namespace, **end)
        log = await self._ask("the pod's log", "get pods/log", get, _text)
        self._log = safe_lines(log or "", LINES)

    async def _ask(
        self, what: str, grant: str, get: Get, read: Callable[[bytes], Answer]
    ) -> Answer | None:
        """Return what is read from an answer; None where there is none, which is noted."""
        try:
            async with asyncio.timeout(self._answer_s):
                status, body = await _fetched(get)
            if status == HTTPStatus.OK:
                return read(body)
            self._refused(what, grant, status)
        except TimeoutError:
            self.miss(what, f"no answer within {self._answer_s:g} seconds")
        except (aiohttp.ClientError, OSError) as error:
            self.miss(what, f"the API server cannot be reached ({type(error).__name__})")
        except _TooLongError:
            self.miss(what, f"the answer is longer than {_MOST_BYTES} bytes")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.miss(what, "the answer is not understood")
        return None

    def _refused(self, what: str, grant: str, status: int) -> None:
        if status == HTTPStatus.FORBIDDEN:
            self.miss(what, "403 Forbidden", grant)
        elif status == HTTPStatus.NOT_FOUND:
            self.miss(what, "it is gone")
        else:
            self.miss(what, f"the API server answered {spoken(status)}")


class _TooLongError(Exception):
    """An answer has no end in sight."""


def _about(kind: str, name: str) -> str:
    """Return the selector of an object's Events; nothing where it has no name."""
    return f"involvedObject.kind={kind},involvedObject.name={name}" if name else ""


async def _fetched(get: Get) -> tuple[int, bytes]:
    """
    Return the status and the body of an answer.

    :raises _TooLongError: the body is longer than what was asked for may be.
    """
    response = await get(_preload_content=False)
    try:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > _MOST_BYTES:
                raise _TooLongError
        return response.status, bytes(body)
    finally:
        hang_up(response)


def _text(body: bytes) -> str:
    return body.decode(errors="replace")


class _Cube(NamedTuple):
    ending: Ending  # or how it is so far
    conditions: tuple[Condition, ...]


def _cube(body: bytes) -> _Cube:
    cube = json.loads(body)
    return _Cube(Ending.of(cube), conditions_of(cube))


def _pod(body: bytes) -> Pod:
    return Pod.of(json.loads(body))


def _pods(body: bytes) -> list[Pod]:
    """Return pods, the newest last."""
    items = json.loads(body)["items"]
    return [Pod.of(pod) for pod in sorted(items, key=lambda p: p["metadata"]["creationTimestamp"])]


def _events(body: bytes) -> list[Event]:
    return [Event.of(event) for event in json.loads(body)["items"]]
