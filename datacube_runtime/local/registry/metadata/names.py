"""
What names look like: of objects, and of what is called by a domain. For labels see ``labels``.

Pure functions from a text to what is wrong with it, in a real server's words; empty if nothing is.

Source: IsDNS1123Label and IsDNS1123Subdomain in
k8s.io/apimachinery/pkg/util/validation/validation.go (lengths in characters, though bytes are
meant), and its copies in pkg/api/validate/content/dns.go (lengths in bytes)
"""

from __future__ import annotations

import re

_SUBDOMAIN_MAX = 253
_LABEL_MAX = 63

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_IS_LABEL, _IS_SUBDOMAIN = re.compile(_LABEL), re.compile(_SUBDOMAIN)

_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)


def subdomain_problems(name: str) -> list[str]:
    """Return what is wrong with a name that must be a DNS-1123 subdomain."""
    found = _too_long(name, _SUBDOMAIN_MAX, "characters")
    if not _IS_SUBDOMAIN.fullmatch(name):
        found.append(_BAD_SUBDOMAIN)
    return found


def label_problems(name: str) -> list[str]:
    """Return what is wrong with a name that must be a DNS-1123 label."""
    found = _too_long(name, _LABEL_MAX, "characters")
    if not _IS_LABEL.fullmatch(name):
        found.append("must not contain dots" if _IS_SUBDOMAIN.fullmatch(name) else _BAD_LABEL)
    return found


def segment_problems(name: str) -> list[str]:
    """Return what is wrong with a name that must only be fit for a path."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{letter}'" for letter in "/%" if letter in name]


def prefix_of(generate_name: str) -> str:
    """Return a prefix of names as it can be judged as one: it may end in a dash."""
    is_dashed = len(generate_name) > 1 and generate_name.endswith("-")
    return f"{generate_name[:-1]}a" if is_dashed else generate_name


def domain_problems(prefix: str) -> list[str]:
    """Return what is wrong with the domain before the name in the key of a label."""
    found = _too_long(prefix, _SUBDOMAIN_MAX, "bytes")
    if not _IS_SUBDOMAIN.fullmatch(prefix):
        found.append(_BAD_SUBDOMAIN)
    return found


def _too_long(text: str, longest: int, unit: str) -> list[str]:
    return [f"must be no more than {longest} {unit}"] if len(text.encode()) > longest else []
