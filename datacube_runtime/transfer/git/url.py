"""
The URL that the author wrote, taken apart: where to go, and who to be there.

A credential may stand in the URL (``https://$(TOKEN)@host/x.git``, expanded by the kubelet) or in
the option ``token``. Git shows a URL to everybody: in argv, in ``.git/config``, in errors. So the
user info is split off here, at once, and everything after this works with a URL that is public.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.network import CONTROL
from datacube_runtime.transfer.redact import TOKEN_USER

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_SCHEMES = ("https", "http")


@dataclass(frozen=True)
class Credential:
    """What is answered when the server asks."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class Remote:
    """A repository on a server. ``url`` holds no user info; ``name`` is its directory's name."""

    url: str
    name: str
    credential: Credential | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """Scheme, host and port: the only place that the credential is sent to."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"


def read_remote(url: str, token: str) -> Remote:
    """
    Take a URL apart.

    :raises TransferError: InvalidOption, naming ``url`` or ``token``, never showing their values.
    """
    if not url:
        raise invalid("url", "is missing")
    if CONTROL.search(token):
        raise invalid("token", "holds white space or a control character inside")
    # A token may hold characters that mean something in a URL; where it stands literally, it is
    # one piece.
    parts = _split(url.replace(token, quote(token, safe="")) if token else url)
    user_info, _, host = parts.netloc.rpartition("@")
    path = parts.path.rstrip("/")
    return Remote(f"{parts.scheme}://{host}{path}", _name(path), _credential(user_info, token))


def _split(url: str) -> SplitResult:
    if url.startswith("-"):
        raise invalid("url", "must not start with '-'")
    if "://" not in url or CONTROL.search(url):
        raise invalid("url", "must be an http or https URL")
    try:
        parts = urlsplit(url)
        _ = parts.port  # read to be checked: urlsplit looks at it only when asked
    except ValueError:
        raise invalid("url", "cannot be read as a URL") from None
    if parts.scheme not in _SCHEMES:
        known = " and ".join(_SCHEMES)
        raise invalid("url", f"has a scheme that is not supported; {known} are")
    if not parts.hostname:
        raise invalid("url", "names no host")
    if parts.query or parts.fragment:
        raise invalid("url", "must not have a query or a fragment")
    return parts


def _credential(user_info: str, token: str) -> Credential | None:
    """
    Return who to be.

    A lone user info is the token, except beside the option ``token``: then it is the user's name.
    """
    if "$(" in user_info:
        raise invalid("url", "refers to a variable that is not defined above it (option 'token')")
    username, _, password = map(unquote, user_info.partition(":"))
    if any(map(CONTROL.search, (username, password))):
        raise invalid("url", "holds a control character in its user info")
    if password:
        return Credential(username, password)
    if token:
        return Credential(username if username != token and username else TOKEN_USER, token)
    return Credential(TOKEN_USER, username) if username else None


def _name(path: str) -> str:
    """
    Return the directory that ``git clone`` would make: the last segment as it is written.

    Source: git_url_basename in dir.c of Git; it does not decode ``%20``, so neither do we.
    """
    name = path.rpartition("/")[2].removesuffix(".git")
    decoded = unquote(name)
    if decoded in ("", ".", "..") or decoded.lower() == ".git" or "/" in decoded:
        raise invalid("url", "does not end in the name of a repository")
    if decoded.startswith("-") or CONTROL.search(decoded.replace(" ", "")):
        raise invalid("url", "ends in a name that is not fit for a directory")
    return name
