"""
``datacube-local logs``: a pod's output as the API tells it, or a log file of the cluster itself.

A pod is asked for as any client would, with the token and the pinned certificate of the data
directory, so that what ``kubectl logs`` refuses is refused here in the same words.
"""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from datacube_runtime.local.instances import CONTROLLER_LOG, SERVER_LOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {"controller": CONTROLLER_LOG, "server": SERVER_LOG}

_CHUNK = 64 * 1024
_LOOK_S = 0.2
_ANSWER_S = 10.0


class NoLogError(Exception):
    """There is nothing to read; the text says why."""


@dataclass(frozen=True)
class PodLog:
    """Which output of which pod."""

    namespace: str
    pod: str
    follow: bool = False
    tail: int | None = None

    @property
    def path(self) -> str:
        """Return what to ask the API for."""
        query = {"follow": "true"} if self.follow else {}
        if self.tail is not None:
            query["tailLines"] = str(self.tail)
        where = f"/api/v1/namespaces/{quote(self.namespace, '')}/pods/{quote(self.pod, '')}/log"
        return f"{where}?{urlencode(query)}"


def read_pod(directory: Path, server: str, wanted: PodLog) -> Iterator[bytes]:
    """
    Yield a pod's output; with ``follow`` until the pod has ended.

    :raises NoLogError: the API server refuses, in its words.
    """
    trust = ssl.create_default_context(cafile=str(directory / "tls.pem"))
    headers = {"Authorization": f"Bearer {(directory / 'token').read_text()}"}
    request = urllib.request.Request(server + wanted.path, headers=headers)  # noqa: S310 - https
    # Without the proxies of the environment: they have no business on this machine.
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        with direct.open(request, timeout=None if wanted.follow else _ANSWER_S) as answer:
            while data := answer.read1(_CHUNK):
                yield data
    except urllib.error.HTTPError as error:
        with error:
            raise NoLogError(_refusal(error.code, error.read())) from error


def _refusal(code: int, body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"the API server answered {code} {HTTPStatus(code).phrase}"


def read_file(path: Path, *, follow: bool, tail: int | None) -> Iterator[bytes]:
    """
    Yield a log file, or its last lines; with ``follow`` for ever.

    :raises NoLogError: it is not there.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NoLogError(f"{path} is not there: nothing was logged yet") from None
    with file:
        text = file.read()
        yield text if tail is None else last_lines(text, tail)
        while follow:
            yield file.read()
            threading.Event().wait(_LOOK_S)


def last_lines(text: bytes, count: int) -> bytes:
    """Return the last lines of a text."""
    return b"".join(text.splitlines(keepends=True)[-count:]) if count > 0 else b""
