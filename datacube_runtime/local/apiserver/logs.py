"""
``pods/log``: the end, the beginning or the growing of a file that the runner writes.

Where the file is, is told by a function, so that this module knows neither the runner nor its
directories. Following ends when the pod is terminal and all of its output was sent.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read log)
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.logtimes import notes, size_before, written_at
from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import ApiStatusError, Cause, bad_request, invalid
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from datacube_runtime.local.apiserver.logtimes import Note
    from datacube_runtime.local.registry.registry import Registry

_CHUNK = 64 * 1024
_POLL_S = 0.2
_TERMINAL = ("Succeeded", "Failed")
_LONG_AGO_S = 10**9
_LEAST: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "sinceSeconds": (1, "0"),
        "tailLines": (0, "or equal to 0"),
        "limitBytes": (1, "0"),
    }
)


@dataclass(frozen=True)
class LogQuery:
    """What a log request asks for."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: datetime | None = None


def read_query(pod: Mapping[str, Any], query: Mapping[str, str], now: datetime) -> LogQuery:
    """
    Return what a query asks for.

    :raises ApiStatusError: (400, 422) it names a container that the pod has not, or no number.
    """
    numbers = {name: _number(query, name) for name in _LEAST}
    _check(pod["metadata"]["name"], query, numbers)
    _check_container(pod, query.get("container", ""))
    since = _time(query["sinceTime"]) if query.get("sinceTime") else None
    if (seconds := numbers["sinceSeconds"]) is not None:
        since = now - timedelta(seconds=min(seconds, _LONG_AGO_S))
    return LogQuery(
        follow=is_true(query, "follow"),
        previous=is_true(query, "previous"),
        timestamps=is_true(query, "timestamps"),
        tail_lines=numbers["tailLines"],
        limit_bytes=numbers["limitBytes"],
        since=since,
    )


def refuse_unreadable(pod: Mapping[str, Any], log: Path, query: LogQuery) -> None:
    """
    Make sure that there is something to read.

    :raises ApiStatusError: (400) the container has not started yet, or never ran before.
    """
    name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
    if query.previous:
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    status = pod.get("status", {})
    if log.exists() or status.get("phase") in (*_TERMINAL, "Running"):
        return
    waiting = [s.get("state", {}).get("waiting", {}) for s in status.get("containerStatuses", ())]
    reason = next((w["reason"] for w in waiting if w.get("reason")), "ContainerCreating")
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _check(name: str, query: Mapping[str, str], numbers: Mapping[str, int | None]) -> None:
    """Source: ValidatePodLogOptions in kubernetes/pkg/apis/core/validation."""
    causes = [
        Cause("FieldValueInvalid", field, f"Invalid value: {number}: must be greater than {least}")
        for field, number in numbers.items()
        for minimum, least in (_LEAST[field],)
        if number is not None and number < minimum
    ]
    if query.get("sinceSeconds") and query.get("sinceTime"):
        message = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(Cause("FieldValueForbidden", "[]", message))
    if causes:
        raise invalid("PodLogOptions", "", name, causes)


def _check_container(pod: Mapping[str, Any], container: str) -> None:
    name, spec = pod["metadata"]["name"], pod["spec"]
    names = [c["name"] for c in spec.get("containers", ())]
    first = [c["name"] for c in spec.get("initContainers") or ()]
    if not container and len(names) > 1:
        others = f" or one of the init containers: [{' '.join(first)}]" if first else ""
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: "
            f"[{' '.join(names)}]{others}"
        )
    if container and container not in (*first, *names):
        raise bad_request(f"container {container} is not valid for pod {name}")


async def chunks(
    registry: Registry, pod: Mapping[str, Any], log: Path, query: LogQuery
) -> AsyncGenerator[bytes, None]:
    """Yield a pod's output; with ``follow`` until the pod is terminal or gone."""
    position = max(_tail_position(log, query.tail_lines), _position_since(log, query.since))
    pieces = _pieces(registry, pod, log, position, follow=query.follow)
    if query.timestamps:
        pieces = _stamped(pieces, log, position)
    left = query.limit_bytes
    async with aclosing(pieces):
        async for piece in pieces:
            if left is not None and left <= len(piece):
                yield piece[:left]
                return
            if left is not None:
                left -= len(piece)
            yield piece


async def _pieces(
    registry: Registry, pod: Mapping[str, Any], log: Path, position: int, *, follow: bool
) -> AsyncGenerator[bytes, None]:
    while True:
        is_over = not follow or _is_over(registry, pod)  # asked before the last read
        while data := _read(log, position, _CHUNK):
            position += len(data)
            yield data
        if is_over:
            return
        await asyncio.sleep(_POLL_S)


async def _stamped(
    pieces: AsyncGenerator[bytes, None], log: Path, position: int
) -> AsyncGenerator[bytes, None]:
    """Yield the same line by line, each after its time."""
    begun: list[bytes] = []  # of a line whose end is still to come; joined once
    async with aclosing(pieces):
        async for piece in pieces:
            known = notes(log)
            *lines, rest = piece.split(b"\n")
            for line in lines:
                whole = b"".join((*begun, line))
                begun.clear()
                position += len(whole) + 1
                yield _stamp(known, position) + whole + b"\n"
            begun.append(rest)
    if last := b"".join(begun):
        yield _stamp(notes(log), position + len(last)) + last


def _stamp(known: Sequence[Note], end: int) -> bytes:
    if not known:  # the log went with its pod, while it was read
        return b""
    time = written_at(known, end).replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{time}Z ".encode()


def _position_since(log: Path, since: datetime | None) -> int:
    """Return where the first line begins that was not complete before a time."""
    position = size_before(notes(log), since) if since else 0
    with suppress(FileNotFoundError), log.open("rb") as file:
        while position > 0:
            step = min(_CHUNK, position)
            file.seek(position - step)
            if (newline := file.read(step).rfind(b"\n")) >= 0:
                return position - step + newline + 1
            position -= step
    return 0


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
    """
    Return where the last ``lines`` lines begin, reading from the end, a block at a time.

    The newline that ends the file begins no line.
    """
    if lines is None or not log.exists():
        return 0
    with log.open("rb") as file:
        end = position = file.seek(0, 2)
        if lines == 0:
            return end
        to_pass = lines
        while position > 0:
            step = min(_CHUNK, position)
            position = file.seek(position - step)
            block = file.read(step)
            found = len(block) - (position + step == end)
            while (found := block.rfind(b"\n", 0, found)) >= 0:
                to_pass -= 1
                if not to_pass:
                    return position + found + 1
    return 0


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _time(text: str) -> datetime:
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        said = None
    if said is None or said.tzinfo is None:
        layout = "2006-01-02T15:04:05Z07:00"
        raise bad_request(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    return said
