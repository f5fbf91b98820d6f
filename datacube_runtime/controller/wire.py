"""
One request to the API server: sent in its turn, answered or refused, counted.

Whatever goes wrong comes out as ``ApiError`` or ``DataCubeUnavailableError``; no error of the HTTP
client leaves this module. A credential that is refused is read again, once.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import BasicAuth, ClientError, ClientSession, ClientTimeout

from datacube_api.errors import DataCubeError, DataCubeUnavailableError
from datacube_runtime.controller.api import ApiError
from datacube_runtime.controller.ratelimit import TokenBucket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from aiohttp import ClientResponse

    from datacube_runtime.controller.access import Access

REQUEST = ClientTimeout(total=60, sock_connect=10)
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Wire:
    """
    Requests over one pool of connections.

    :param find_way: returns the way in; asked again when the API server refuses the credential
    :param count: told of each answer: HTTP method, path, status (0: none came)
    """

    def __init__(
        self,
        session: ClientSession,
        access: Access,
        find_way: Callable[[], Awaitable[Access]],
        limit: TokenBucket | None = None,
        count: Callable[[str, str, int], None] = lambda *_: None,
    ) -> None:
        self._session = session
        self._access = access
        self._find_way = find_way
        self._limit = limit or TokenBucket(0, 1)
        self._count = count

    def unlimited(self) -> Wire:
        """Return the same without a limit, for what must not queue behind the rest: a lease."""
        return Wire(self._session, self._access, self._find_way, None, self._count)

    async def json(  # noqa: PLR0913 - what makes up a request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content_type: str = JSON,
        timeout: ClientTimeout = REQUEST,  # noqa: ASYNC109 - aiohttp's, it times each step
    ) -> dict[str, Any]:
        """Return the object of an answer."""
        request = self.answer(
            method, path, query, body=body, content_type=content_type, timeout=timeout
        )
        async with request as answer:
            said: dict[str, Any] = orjson.loads(await answer.read())
            return said

    @asynccontextmanager
    async def answer(  # noqa: PLR0913 - what makes up a request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content_type: str = JSON,
        timeout: ClientTimeout = REQUEST,  # noqa: ASYNC109 - as above
    ) -> AsyncIterator[ClientResponse]:
        """Yield an answer that is no refusal, while it is read."""
        data = None if body is None else orjson.dumps(body)
        status = 0
        await self._limit.wait()
        try:
            with _no_answer_is_an_error(method, path):
                answer = await self._send(method, path, query, data, content_type, timeout)
                if answer.status == HTTPStatus.UNAUTHORIZED:
                    answer.close()
                    self._access = await self._find_way()
                    answer = await self._send(method, path, query, data, content_type, timeout)
                status = answer.status
                try:
                    if status >= HTTPStatus.BAD_REQUEST:
                        raise refusal(_parsed(await answer.read()), status)
                    self._count(method, path, status)
                    yield answer
                finally:
                    answer.release()
        finally:
            if not 0 < status < HTTPStatus.BAD_REQUEST:
                self._count(method, path, status)

    async def _send(  # noqa: PLR0913, PLR0917 - what makes up a request
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        data: bytes | None,
        content_type: str,
        timeout: ClientTimeout,  # noqa: ASYNC109 - as above
    ) -> ClientResponse:
        access = self._access
        headers = {"Content-Type": content_type, "Accept": JSON}
        if token := access.token():
            headers["Authorization"] = f"Bearer {token}"
        return await self._session.request(
            method,
            access.server + path,
            params=query,
            data=data,
            headers=headers,
            auth=BasicAuth(*access.basic) if access.basic and not token else None,
            ssl=access.tls if access.tls is not None else True,
            server_hostname=access.server_name,
            proxy=access.proxy,
            timeout=timeout,
        )


@contextmanager
def _no_answer_is_an_error(method: str, path: str) -> Iterator[None]:
    try:
        yield
    except (DataCubeUnavailableError, ApiError):
        raise
    except (ClientError, DataCubeError, OSError, TimeoutError, ValueError) as error:
        # str(), never repr(): that of some of these holds the request's headers, the token in them.
        why = str(error) or type(error).__name__
        text = f"{method} {path}: no usable answer from the API server: {why}"
        raise DataCubeUnavailableError(text, 0) from error


def refusal(status: Mapping[str, Any], http_status: int) -> ApiError:
    """Return what a metav1.Status says as an error."""
    message = status.get("message") or "the API server gave no message"
    return ApiError(int(status.get("code") or http_status), status.get("reason") or "", message)


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the Status in an answer; a proxy in between may have answered something else."""
    try:
        status = orjson.loads(body)
    except ValueError:
        status = None
    return status if isinstance(status, dict) else {}
