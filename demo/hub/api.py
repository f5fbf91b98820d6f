"""
What the hub answers: the protocol, without sockets.

Only the part that uploads and downloads use.

Source: the table of endpoints in the engine measurements, read from huggingface_hub 2.4.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from demo.hub import reading, writing
from demo.hub.messages import Answer, Asked, RefusedError, repository_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.hub.store import Repository, Store

_VERBS = "revision|tree|preupload|commits|commit|branch|xet-read-token|xet-write-token"
_API = re.compile(
    rf"/api/(?P<kind>models|datasets|spaces)/(?P<id>[^/]+(?:/[^/]+)??)"
    rf"(?:/(?P<verb>{_VERBS})(?:/(?P<rest>.*))?)?"
)
_RESOLVE = re.compile(
    r"/(?P<kind>datasets/|spaces/)?(?P<id>[^/]+(?:/[^/]+)?)/resolve/(?P<rest>[^/]+)/(?P<path>.+)"
)
_BATCH = re.compile(r"/.+\.git/info/lfs/objects/batch")


def answer(store: Store, asked: Asked) -> Answer:
    """
    Answer a request.

    :raises RefusedError: it is not granted, or not known.
    """
    with store.lock:
        if asked.path == "/api/repos/create":
            return writing.create(store, asked)
        if asked.path == "/api/validate-yaml":
            return writing.validate(asked)
        if _BATCH.fullmatch(asked.path):
            return writing.batch(store, asked)
        if found := _API.fullmatch(asked.path):
            repository = repository_of(store, asked, found["kind"], unquote(found["id"]))
            rest = [unquote(part) for part in (found["rest"] or "").split("/", 1)]
            return _DO[found["verb"] or "revision"](store, asked, repository, rest)
        if found := _RESOLVE.fullmatch(asked.path):
            kind = (found["kind"] or "models/").rstrip("/")
            repository = repository_of(store, asked, kind, unquote(found["id"]))
            return reading.resolve(
                store, asked, repository, unquote(found["rest"]), unquote(found["path"])
            )
    raise RefusedError(HTTPStatus.NOT_FOUND)


_DO: dict[str, Callable[[Store, Asked, Repository, list[str]], Answer]] = {
    "revision": reading.info,
    "tree": reading.tree,
    "preupload": writing.preupload,
    "commit": writing.commit,
    "commits": reading.commits,
    "branch": writing.branch,
    "xet-read-token": reading.xet_token,
    "xet-write-token": reading.xet_token,
}
