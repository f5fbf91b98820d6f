"""
``pods/log``: the end, the beginning or the growing of a file that the runner writes.

Where the file is, is told by a function, so that this module knows neither the runner nor its
directories. Following ends when the pod is terminal and all of its output was sent.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read log)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import ApiStatusError, bad_request
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from datacube_runtime.local.registry.registry import Registry

_CHUNK = 64 * 1024
_POLL_S = 0.2
_TERMINAL = ("Succeeded", "Failed")


@dataclass(frozen=True)
class LogQuery:
    """What a log request asks for."""

    follow: bool
    tail_lines: int | None
    limit_bytes: int | None


def read_query(pod: Mapping[str, Any], query: Mapping[str, str]) -> LogQuery:
    """
    Return what a query asks for.

    :raises ApiStatusError: (400) it names a container that the pod has not, or no number.
    """
    name = pod["metadata"]["name"]
    names = [c["name"] for f in ("initContainers", "containers") for c in pod["spec"].get(f, ())]
    container = query.get("container", "")
    if container and container not in names:
        raise bad_request(f"container {container} is not valid for pod {name}")
    return LogQuery(
        follow=is_true(query, "follow"),
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
    )


def refuse_unstarted(pod: Mapping[str, Any], log: Path) -> None:
    """
    Make sure that there is something to read.

    :raises ApiStatusError: (400) the container has not started yet.
    """
    if log.exists() or pod.get("status", {}).get("phase") in (*_TERMINAL, "Running"):
        return
    name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
    raise bad_request(
        f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
    )


async def chunks(
    registry: Registry, pod: Mapping[str, Any], log: Path, query: LogQuery
) -> AsyncGenerator[bytes, None]:
    """Yield a pod's output; with ``follow`` until the pod is terminal or gone."""
    position = _tail_position(log, query.tail_lines)
    left = query.limit_bytes
    while True:
        is_over = not query.follow or _is_over(registry, pod)  # asked before the last read
        while data := _read(log, position, _CHUNK if left is None else min(_CHUNK, left)):
            position += len(data)
            yield data
            if left is not None:
                left -= len(data)
        if is_over or left == 0:
            return
        await asyncio.sleep(_POLL_S)


def _is_over(registry: Registry, pod: Mapping[str, Any]) -> bool:
    meta = pod["metadata"]
    try:
        now = registry.get(PODS, meta["namespace"], meta["name"])
    except ApiStatusError:
        return True
    is_same = now["metadata"]["uid"] == meta["uid"]
    return not is_same or now.get("status", {}).get("phase") in _TERMINAL


def _read(log: Path, position: int, size: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(position)
            return file.read(size)
    except FileNotFoundError:
        return b""


def _tail_position(log: Path, lines: int | None) -> int:
    """Return where the last ``lines`` lines begin, reading from the end."""
    if lines is None or not log.exists():
        return 0
    with log.open("rb") as file:
        end = position = file.seek(0, 2)
        if lines == 0:
            return end
        tail = b""
        while position > 0 and tail.rstrip(b"\n").count(b"\n") < lines:
            step = min(_CHUNK, position)
            position -= step
            file.seek(position)
            tail = file.read(step) + tail
    wanted = tail.splitlines(keepends=True)[-lines:]
    return end - sum(len(line) for line in wanted)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdecimal():
        raise bad_request(f'Invalid value: "{text}": {name} must be a number, 0 or greater')
    return int(text)
