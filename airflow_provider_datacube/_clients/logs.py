"""
A piece of a pod's log, over whatever connection is there.

The generated client knows no ``sinceTime``, and the seconds that it knows are counted by the node's
clock and not from a line; so the request is made by hand.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from airflow_provider_datacube._clients.asking import TIMES, hang_up
from airflow_provider_datacube._logtail import BYTES
from airflow_provider_datacube._refusals import refused
from datacube_api.naming import CONTAINER

if TYPE_CHECKING:
    import aiohttp
    from kubernetes_asyncio.client import ApiClient

    from airflow_provider_datacube._refusals import Request

_PATH: Final = "/api/v1/namespaces/{namespace}/pods/{name}/log"
# What the API server says of a pod that has several containers, and of one that has not this one.
_CHOICE: Final = re.compile(r"choose one of: \[([^\]]*)\]")
_NO_CHOICE: Final = "is not valid for pod"
_LONGEST_ERROR: Final = 16 * 1024


class LogReader:
    """Reads logs; remembers which container it is, where the pods have more than one."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._container = ""

    async def read(self, request: Request, since: str, lines: int) -> str:
        """
        Return the last lines of a pod's log from a second on, each after its time.

        :raises DataCubeApiError: there is none; after a 400 the next request may do better.
        """
        asked = {
            "container": self._container,
            "sinceTime": since,
            "tailLines": lines,
            "limitBytes": BYTES,
            "timestamps": "true",
        }
        response: aiohttp.ClientResponse = await self._client.call_api(
            _PATH,
            "GET",
            path_params={"namespace": request.namespace, "name": request.name},
            query_params=[(key, value) for key, value in asked.items() if value],
            header_params={"Accept": "text/plain, application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,  # at the level DEBUG the client writes what it reads into a log
            **TIMES,
        )
        is_answer = response.status == HTTPStatus.OK
        body = await _read(response, BYTES if is_answer else _LONGEST_ERROR)
        if is_answer:
            return body
        if response.status == HTTPStatus.BAD_REQUEST:
            self._choose(body)
        raise refused(request, response.status, body)

    def _choose(self, complaint: str) -> None:
        if choice := _CHOICE.search(complaint):
            names = choice[1].split()
            self._container = CONTAINER if CONTAINER in names else next(iter(names), "")
        elif _NO_CHOICE in complaint:
            self._container = ""


async def _read(response: aiohttp.ClientResponse, most: int) -> str:
    """Return what may be had; a server that sends more than it was asked for is cut off."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > most:
            hang_up(response)
            break
    return body[:most].decode(errors="replace")
