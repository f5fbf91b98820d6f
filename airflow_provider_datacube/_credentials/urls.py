"""
The server that a token is for, and the URL that it would be sent to. Pure.

A connection says where it belongs. A DAG that takes its URL from a run's parameters must not become
a way to send that connection's token to whoever is named there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_SCP: Final = re.compile(r"(?:[^/@:]+@)([^/@:]+):(?!//)")


@dataclass(frozen=True)
class Server:
    """What is known of it; an empty scheme, or no port, is: any."""

    host: str
    scheme: str = ""
    port: int | None = None

    @classmethod
    def of(cls, text: str, scheme: str = "", port: int | None = None) -> Self | None:
        """
        Read a host, ``host:port``, a URL, or Git's ``user@host:path``; None where it names no host.

        :raises ValueError: it cannot be read.
        """
        if scp := _SCP.match(text):
            return cls(scp[1].lower())
        parts = urlsplit(text if "://" in text else f"//{text}", scheme)
        if not parts.hostname:
            return None
        known = parts.scheme if parts.scheme in _PORTS else ""
        return cls(parts.hostname, known, port or parts.port or _PORTS.get(known))

    def is_of(self, url: str) -> bool:
        """Tell whether a URL leads there; one that cannot be read does not."""
        try:
            there = Server.of(url)
        except ValueError:
            return False
        return (
            there is not None
            and there.host == self.host
            and self.scheme in ("", there.scheme)
            and self.port in (None, there.port)
        )

    def __str__(self) -> str:
        scheme = f"{self.scheme}://" if self.scheme else ""
        usual = self.port in (None, _PORTS.get(self.scheme))
        return f"{scheme}{self.host}" if usual else f"{scheme}{self.host}:{self.port}"


def user_info(url: str) -> str:
    """Return what stands before the host: ``user`` or ``user:password``."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def with_user(url: str, user: str) -> str:
    """Return the URL with a user; one that names its own keeps it."""
    return url if user_info(url) else url.replace("://", f"://{user}@", 1)
