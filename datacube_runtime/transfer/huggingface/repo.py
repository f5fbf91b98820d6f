"""
Which repository of which hub the option ``repo`` means. Pure.

People write what they see: an id (``gpt2``, ``org/name``), an id with the type before it
(``datasets/org/name``), the address of the page in their browser, or an ``hf://`` URI. All of them
say a type and an id, some a revision; ``--repo-type`` and ``--revision`` may repeat what is said
there and must not contradict it.

Source: ``validate_repo_id`` and ``parse_hf_uri`` of huggingface_hub; "Environment variables" of its
manual for ``HF_ENDPOINT``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.network import CONTROL, service_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.transfer.arguments import ExtraArgs

OPTION = "repo"
PUBLIC_HUB = "https://huggingface.co"
_PUBLIC_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_FORMS = "write org/name, datasets/org/name, spaces/org/name, or the address of its page"
_ID = re.compile(r"\w(?:[\w.-]{0,94}\w)?(?:/\w(?:[\w.-]{0,94}\w)?)?", re.ASCII)
_ID_LENGTH = 96
_PAGES = frozenset({"tree", "blob", "resolve", "raw", "commit"})

Text = TypeVar("Text", bound=str)


class RepoType(StrEnum):
    """What a repository holds, as the hub's programs call it."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"


_PREFIXES = {f"{kind}s": kind for kind in RepoType}


@dataclass(frozen=True)
class Repo:
    """A repository, and the revision that is wanted; an empty one is the hub's default."""

    endpoint: str
    type: RepoType
    id: str
    revision: str = ""

    @property
    def page(self) -> str:
        """Return where people look at it."""
        prefix = "" if self.type is RepoType.MODEL else f"{self.type}s/"
        return f"{self.endpoint}/{prefix}{self.id}"

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.type} {self.id}"


@dataclass(frozen=True)
class _Said:
    """What the option says; None is: nothing."""

    id: str
    type: RepoType | None = None
    revision: str = ""


def read_repo(text: str, extra_args: ExtraArgs, variables: Mapping[str, str]) -> Repo:
    """
    Return what the option, the arguments and the variables mean together.

    :raises TransferError: InvalidOption; it cannot be read, or contradicts itself.
    """
    endpoint = read_endpoint(variables)
    said = _read(text, endpoint)
    kind = _agreed("--repo-type", said.type, _type(extra_args.values("--repo-type")))
    revision = _agreed("--revision", said.revision, _last(extra_args.values("--revision")))
    if CONTROL.search(revision or ""):
        raise invalid("extraArgs", "--revision holds white space or a control character")
    return Repo(endpoint, kind or RepoType.MODEL, said.id, revision or "")


def read_endpoint(variables: Mapping[str, str]) -> str:
    """
    Return the URL of the hub, without a slash at its end.

    :raises TransferError: InvalidOption, naming the variable.
    """
    return service_url("HF_ENDPOINT", variables.get("HF_ENDPOINT", "").strip() or PUBLIC_HUB)


def _read(text: str, endpoint: str) -> _Said:
    if text.startswith("hf://"):
        return _uri(text.removeprefix("hf://"))
    if "://" in text:
        return _page(text, endpoint)
    return _typed(text.strip("/").split("/"))


def _uri(text: str) -> _Said:
    """Read ``[<type>/]<id>[@<revision>]``, the rest of an ``hf://`` URI."""
    name, _, revision = text.strip("/").partition("@")
    said = _typed(name.split("/"))
    return _Said(said.id, said.type, _revision(revision.split("/")) if revision else "")


def _page(text: str, endpoint: str) -> _Said:
    """Read the address of a repository's page, at a revision or not."""
    try:
        parts, hub = urlsplit(text), urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        raise invalid(OPTION, f"cannot be read as a URL: {_FORMS}") from None
    if "@" in parts.netloc:
        raise invalid(OPTION, "must not hold a credential: use the option token")
    is_this_hub = parts.netloc == hub.netloc
    if not is_this_hub and host not in _PUBLIC_HOSTS:
        message = f"is on another hub than {endpoint}: set HF_ENDPOINT in executor.env"
        raise invalid(OPTION, message)
    path = parts.path.removeprefix(hub.path) if is_this_hub else parts.path
    pieces = path.strip("/").split("/")
    at = next((index for index, piece in enumerate(pieces) if index and piece in _PAGES), None)
    if at is None:
        return _typed(pieces)
    said = _typed(pieces[:at])
    return _Said(said.id, said.type, _revision(pieces[at + 1 :]))


def _revision(pieces: Sequence[str]) -> str:
    """Return the revision, which alone may stand there; ``refs/pr/1`` has slashes of its own."""
    own = 3 if pieces[:1] == ["refs"] else 1
    if len(pieces) > own:
        raise invalid(OPTION, "names a path in the repository: use the option files for it")
    return unquote("/".join(pieces))


def _typed(pieces: Sequence[str]) -> _Said:
    kind = _PREFIXES.get(pieces[0]) if len(pieces) > 1 else None
    name = "/".join(pieces[1:] if kind else pieces)
    if not _ID.fullmatch(name) or len(name) > _ID_LENGTH or _has_bad_part(name):
        raise invalid(OPTION, f"cannot be read: {_FORMS}")
    return _Said(name, kind)


def _has_bad_part(name: str) -> bool:
    return "--" in name or ".." in name or name.endswith(".git")


def _type(given: Sequence[str]) -> RepoType | None:
    if not given:
        return None
    try:
        return RepoType(given[-1])
    except ValueError:
        known = ", ".join(RepoType)
        raise invalid("extraArgs", f"--repo-type must be one of {known}") from None


def _last(given: Sequence[str]) -> str:
    return given[-1] if given else ""


def _agreed(argument: str, said: Text | None, given: Text | None) -> Text | None:
    if said and given and said != given:
        raise invalid("extraArgs", f"{argument} contradicts the option repo: leave one of them out")
    return said or given
