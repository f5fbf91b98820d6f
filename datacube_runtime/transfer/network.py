"""
What an engine may know of the network: a service's address, proxies, certificate authorities. Pure.

The author sets them by ``executor.env``; of the other variables an engine gets none, because they
could run, reveal or redirect something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
CONTROL = re.compile(r"[\x00-\x20\x7f]")
"""White space and control characters: in no URL, token or name of a revision."""


def service_url(name: str, text: str) -> str:
    """
    Return the URL of a service, without a slash at its end.

    :raises TransferError: InvalidOption, naming the option or variable, never showing its value.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port  # read to be checked: urlsplit looks at it only when asked
    except ValueError:
        raise invalid(name, "cannot be read as a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or CONTROL.search(text):
        raise invalid(name, "must be an http or https URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise invalid(name, "must not have a user, a query or a fragment")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def proxies(variables: Mapping[str, str]) -> dict[str, str]:
    """
    Return the proxies, in lower case whatever case the author wrote.

    libcurl reads ``http_proxy`` in lower case only; Go and Python read both.

    Source: https://everything.curl.dev/usingcurl/proxies/env.html
    """
    return {
        name: value
        for name in _PROXIES
        if (value := variables.get(name) or variables.get(name.upper()))
    }


def authorities(variables: Mapping[str, str]) -> dict[str, str]:
    """Return where certificate authorities are found: the names of OpenSSL and of Go."""
    return {name: value for name in _AUTHORITIES if (value := variables.get(name))}
