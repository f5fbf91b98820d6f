"""
No credential leaves the process: every known secret, in every form it may take, becomes ``***``.

The variables do not say which of them came from a Secret, so the name decides, and the place: a
user-info in a URL is a credential whatever the variable is called. Redacting too much costs a word
in a log; too little costs a token.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from datacube_api.masking import MASK, SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TOKEN_USER = "oauth2"  # noqa: S105 - the user name sent beside a bare token, public by nature
"""GitLab's name for the owner of a token; GitHub, Gitea and others accept any."""

_SUSPECT = re.compile(SECRET_NAME)
_USERINFO = re.compile(r"^[a-z][a-z0-9+.-]*://([^/?#]*)@", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True)
class Redactor:
    """Replaces what it knows; its own text shows nothing of it."""

    forms: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Redactor:
        """Return the redactor of the secrets among the variables."""
        users = {TOKEN_USER, *_users(variables)}
        forms = {form for secret in _secrets(variables) for form in _forms(secret, users)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def __call__(self, text: str) -> str:
        """Return the text without the secrets; the longest forms go first."""
        for form in self.forms:
            text = text.replace(form, MASK)
        return text


class RedactingFormatter(logging.Formatter):
    """The last gate: a record is redacted whole, its traceback included."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Format as usual, then redact."""
        return self._redact(super().format(record))


def _secrets(variables: Mapping[str, str]) -> Iterator[str]:
    for name, value in variables.items():
        if _SUSPECT.search(name):
            yield from _lines(value)
        if user_info := _user_info(value):
            user, colon, password = user_info.partition(":")
            # A user info without a colon is the token, unless the token is given beside it.
            if colon:
                yield from (password, unquote(password))
            elif not variables.get("TOKEN"):
                yield from (user, unquote(user))


def _users(variables: Mapping[str, str]) -> Iterator[str]:
    for value in variables.values():
        yield unquote(_user_info(value).partition(":")[0])


def _user_info(value: str) -> str:
    found = _USERINFO.match(value.strip())
    return found[1] if found else ""


def _lines(value: str) -> Iterator[str]:
    """Yield a secret and its lines: a key of several lines is printed line by line."""
    yield value
    yield from value.splitlines()


def _forms(secret: str, users: Iterable[str]) -> Iterator[str]:
    if not (secret := secret.strip()):
        return
    for text in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield text
        yield _ESCAPE.sub(lambda escape: escape[0].lower(), text)
    for text in (secret, *(f"{user}:{secret}" for user in users)):
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(text.encode()).decode().rstrip("=")
