"""
Why Git failed, from facts. Pure.

Git exits with 128 for nearly everything, and its sentences are for people. What it does tell is
what the server answered: ``GIT_TRACE_CURL`` writes every status line that libcurl received. Asking
the server again with another HTTP client would be simpler to read, and would lie: it has other
proxies, other certificate authorities, other redirects and no idea of Git's credentials. So the
trace of the very request that failed is read, and nothing else of it.

Source: GIT_TRACE_CURL in git(1); ``error: RPC failed; curl 18 …`` in remote-curl.c of Git, where
the number is libcurl's; strerror(3), whose words LC_ALL=C fixes.
"""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import FULL, TransferError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacube_runtime.transfer.git.url import Remote
    from datacube_runtime.transfer.steps import Finished

_STATUS = re.compile(r"<= Recv header: HTTP/[\d.]+ (\d{3})")
_SPOKE_GIT = re.compile(r"<= Recv header: content-type: application/x-git-", re.IGNORECASE)
_BROKEN = re.compile(r"error: RPC failed; curl \d+ ")
_FROM_REMOTE = "remote: "
_NO_ANSWER = 0
_SHOWN_LINES = 3


def last_status(trace: str) -> int | None:
    """Return the last HTTP status that came, 0 if none did, None if nobody was asked."""
    found = _STATUS.findall(trace)
    if not found:
        return _NO_ANSWER if trace else None
    return int(found[-1])


def spoke_git(trace: str) -> bool:
    """
    Tell whether the server answered in Git's own protocol.

    Git reads any page without a line feed, such as a login page, as a server of plain files that
    has an empty repository.

    Source: "Smart Clients" of gitprotocol-http(5), the content types.
    """
    return bool(_SPOKE_GIT.search(trace))


def network_failure(
    command: str, finished: Finished, status: int | None, remote: Remote
) -> TransferError:
    """Return why a command that talks to the server failed."""
    if status is None:
        return local_failure(command, finished)
    return (
        _permanent(status, remote)
        or _temporary(status, finished, remote)
        or local_failure(command, finished)
    )


def local_failure(command: str, finished: Finished) -> TransferError:
    """Return why a command failed whose reason only its words tell: they are shown as they are."""
    full = tuple(os.strerror(code) for code in FULL)
    if any(line.endswith(full) for line in finished.tail if not line.startswith(_FROM_REMOTE)):
        return TransferError(Reason.NO_SPACE_LEFT, "the volume is full")
    message = f"git {command} exited with {finished.code}: {_words(finished.tail)}"
    return TransferError(Reason.ENGINE_FAILED, message)


def _permanent(status: int, remote: Remote) -> TransferError | None:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _refused(status, remote)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        message = "the proxy demands credentials: give them in the URL of the proxy variable"
        return TransferError(Reason.AUTHENTICATION_FAILED, message)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        message = f"there is no repository at {remote.url}, or the token may not see it"
        return TransferError(Reason.SOURCE_NOT_FOUND, message)
    return None


def _temporary(status: int, finished: Finished, remote: Remote) -> TransferError | None:
    if status == _NO_ANSWER:
        message = f"{remote.server} did not answer: {_words(finished.tail)}"
    elif status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"{remote.server} answered with HTTP status {status}; it may do better later"
    elif any(map(_BROKEN.match, finished.tail)):
        message = f"the connection to {remote.server} broke: {_words(finished.tail)}"
    else:
        return None
    return TransferError(Reason.NETWORK_ERROR, message)


def _refused(status: int, remote: Remote) -> TransferError:
    if remote.credential is None:
        message = f"{remote.server} demands credentials and none were given: add the option token"
    elif status == HTTPStatus.UNAUTHORIZED:
        message = f"{remote.server} did not accept the token (HTTP status 401)"
    else:
        message = f"the token may not do this at {remote.url} (HTTP status 403)"
        return TransferError(Reason.PERMISSION_DENIED, message)
    return TransferError(Reason.AUTHENTICATION_FAILED, message)


def _words(tail: Sequence[str]) -> str:
    return " | ".join(tail[-_SHOWN_LINES:]) or "it said nothing"
