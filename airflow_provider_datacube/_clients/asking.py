"""What both clients share: how long a request may take, and what an error of it means."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import kubernetes.client
import kubernetes_asyncio.client
import urllib3.exceptions

from airflow_provider_datacube._refusals import Request, refused, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacube_api.reference import CubeRef

CONNECT_S: Final = 5
ANSWER_S: Final = 30
TIMES: Final[Any] = {"_request_timeout": (CONNECT_S, ANSWER_S)}
"""Keyword arguments of every request but a watch."""


@contextmanager
def api_errors(request: Request) -> Iterator[None]:
    """
    Turn what either client raises into our errors. Not async: it wraps awaits just as well.

    :raises DataCubeApiError: or one of its kinds.
    """
    try:
        yield
    except (
        kubernetes.client.ApiException,
        kubernetes_asyncio.client.ApiException,
    ) as error:
        body = error.body
        # Airflow prints the causes of an error too, and a server's complaint may quote a value.
        error.body = error.headers = None
        raise refused(request, error.status or 0, body) from error
    except (urllib3.exceptions.HTTPError, aiohttp.ClientError, OSError) as error:
        cause = getattr(error, "reason", error)
        untrusted = isinstance(cause, urllib3.exceptions.SSLError | aiohttp.ClientSSLError)
        raise unreachable(request, type(cause).__name__, untrusted=untrusted) from error


def hang_up(response: aiohttp.ClientResponse) -> None:
    """
    End an answer at once, whether or not all of it has come.

    TLS says goodbye and waits to hear it; an event loop that ends meanwhile leaves a socket open.
    """
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


def request_for(verb: str, ref: CubeRef, conn_id: str) -> Request:
    return Request(verb, ref.namespace, conn_id, ref.name)


def deletion(uid: str, policy: str = "Background", version: str = "") -> dict[str, Any]:
    asked = {"uid": uid, "resourceVersion": version}
    given = {field: value for field, value in asked.items() if value}
    return {"propagationPolicy": policy, **({"preconditions": given} if given else {})}
