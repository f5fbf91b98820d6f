"""
Addresses as Go reads them: of hosts, networks, cards, mailboxes and resources.

Pure predicates, for the formats of a schema. Close to Go's parsers, which are no grammars: where
one of them is laxer than its standard, so is this.

Source: net, net/mail and net/url of Go, as k8s.io/kube-openapi/pkg/validation/strfmt/default.go
asks them
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_ATOM = r"[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+"
_WORDS = rf"(?:{_ATOM}|\"(?:[^\"\\\r\n]|\\.)*\")"
_SPEC = rf"{_WORDS}(?:\.{_WORDS})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[^\[\]\\\s]*\])"
_EMAIL = re.compile(rf"\s*(?:{_SPEC}|(?:{_WORDS}[\s.]*)*<{_SPEC}>)\s*")
_HOST = re.compile(
    r"[a-zA-Z0-9](-?[a-zA-Z0-9]{0,62})?"
    r"|([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}"
)
_HOST_MAX, _LABEL_MAX = 255, 63
_OCTET = "[0-9a-fA-F]{2}"
_MAC = re.compile(
    rf"{_OCTET}([:-])(?:{_OCTET}\1){{4}}{_OCTET}((?:\1{_OCTET}){{2}}|(?:\1{_OCTET}){{14}})?"
    rf"|(?:{_OCTET}{_OCTET}\.){{2}}{_OCTET}{_OCTET}((?:\.{_OCTET}{_OCTET}){{1}}|(?:\.{_OCTET}{_OCTET}){{7}})?"
)
_URI = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:(?P<rest>.*)|(?P<path>/.*)|\*)", re.DOTALL)
_AUTHORITY = re.compile(
    r"(?:[A-Za-z0-9\-._:~!$&'()*+,;=%@]*@)?"
    r"(?:\[[^\[\]/?#\s]+\]|[^\[\]/?#\s<>\"\\^`{|}:]*)(?::[0-9]*)?"
)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_IPV4_BITS, _IPV6_BITS = 32, 128


def is_ipv4(text: str) -> bool:
    """Tell whether a text is an IPv4 address, with leading zeros perhaps, or within an IPv6 one."""
    return "." in text and (_is_four(text) or is_ipv6(text))


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an IPv6 address without a zone."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def is_cidr(text: str) -> bool:
    """Tell whether a text is an address and how many bits of it are the network's."""
    address, _, bits = text.partition("/")
    if not re.fullmatch(r"[0-9]{1,8}", bits):
        return False
    if _is_four(address):
        return int(bits) <= _IPV4_BITS
    return is_ipv6(address) and int(bits) <= _IPV6_BITS


def is_mac(text: str) -> bool:
    """Tell whether a text is the address of a network card."""
    return _MAC.fullmatch(text) is not None


def is_hostname(text: str) -> bool:
    """Tell whether a text names a host; letters and symbols of any script will do."""
    if len(text.encode()) > _HOST_MAX:
        return False
    if any(len(label.encode()) > _LABEL_MAX for label in text.split(".")):
        return False
    return _HOST.fullmatch("".join(map(_ascii_like, text))) is not None


def is_email(text: str) -> bool:
    """Tell whether a text is the address of a mailbox, with a name before it perhaps."""
    return _EMAIL.fullmatch(text) is not None


def is_uri(text: str) -> bool:
    """Tell whether a text is an absolute URI or an absolute path."""
    found = _URI.fullmatch(text)
    if found is None or any(letter < " " or letter == "\x7f" for letter in text):
        return False
    rest = found["rest"] if found["path"] is None else found["path"]
    if rest is None or not rest.startswith("/"):
        return True  # a lone asterisk, or what only its scheme understands
    if rest.startswith("//") and found["path"] is None:
        authority = re.split(r"[/?]", rest[2:], maxsplit=1)[0]
        if not _AUTHORITY.fullmatch(authority):
            return False
    return not _BAD_ESCAPE.search(rest.partition("?")[0])


def _is_four(text: str) -> bool:
    parts = [part.lstrip("0") or "0" for part in text.split(".") if part]
    try:
        IPv4Address(".".join(parts))
    except AddressValueError:
        return False
    return "" not in text.split(".")


def _ascii_like(letter: str) -> str:
    """Return an ASCII letter for any letter, and a digit for any symbol: neither is a dot."""
    if letter.isascii():
        return "0" if unicodedata.category(letter)[0] == "S" else letter
    return {"L": "a", "S": "0"}.get(unicodedata.category(letter)[0], letter)
