"""
The formats of texts that a schema may ask for: a time, a duration, an address, a colour.

Pure predicates. What Go's libraries do decides, not the standards they are named after; a format
that is not in the table is no rule at all, as on a real server. Addresses of the network stand in
``addresses``.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go for which there are,
k8s.io/kube-openapi/pkg/validation/strfmt for what they are
"""

from __future__ import annotations

import re
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.custom import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CLOCK = re.compile(
    r"(\d{2}):(\d{2}):(\d{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))", re.ASCII | re.DOTALL
)
_LAST = ("23", "59", "59")
_GO_DURATION = re.compile(r"[-+]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_WORDY_DURATION = re.compile(r"\d+\s*([A-Za-zµ]+)", re.ASCII)
_UNITS = {"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"}
_LONG_UNITS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_CHANNEL = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
_CARD = (
    r"(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})"
)


def is_supported(name: str) -> bool:
    """Tell whether a format of texts is a rule."""
    return _plain(name) in _FORMATS


def fits(name: str, text: str) -> bool:
    """Tell whether a text has a format."""
    return _FORMATS[_plain(name)](text)


def _plain(name: str) -> str:
    return name.replace("-", "")


def _matches(pattern: str, longest: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: not 0 < longest < len(text) and compiled.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text.replace("0000", "0004", 1) if text < "0001" else text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    parts = text.lower().split("t")
    if len(parts) == 1 or not _is_date(parts[0]):
        return False
    clock = _CLOCK.fullmatch(parts[1])
    return clock is not None and all(
        said <= last for said, last in zip(clock.groups()[:3], _LAST, strict=True)
    )


def _is_duration(text: str) -> bool:
    if _GO_DURATION.fullmatch(text):
        return True
    units = (unit.lower() for unit in _WORDY_DURATION.findall(text))
    return any(unit in _UNITS or unit.startswith(_LONG_UNITS) for unit in units)


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if not re.fullmatch(_CARD, digits):
        return False
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(number % 10 + number // 10 for number in doubled) % 10 == 0


def _is_isbn10(text: str) -> bool:
    code = _bare(text)
    if not re.fullmatch(r"\d{9}[\dX]", code, re.ASCII):
        return False
    digits = [10 if digit == "X" else int(digit) for digit in code]
    return sum(place * digit for place, digit in enumerate(digits, 1)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    code = _bare(text)
    if not re.fullmatch(r"\d{13}", code, re.ASCII):
        return False
    return sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(code)) % 10 == 0


def _bare(text: str) -> str:
    return re.sub(r"[\s-]+", "", text)


def _uuid(third: str = "[0-9a-f]{4}", fourth: str = "[0-9a-f]{4}") -> Callable[[str], bool]:
    return _matches(rf"(?i)[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{third}-?{fourth}-?[0-9a-f]{{12}}")


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_FORMATS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "bsonobjectid": _matches("[0-9a-fA-F]{24}"),
        "byte": _matches(
            r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(==|[A-Za-z0-9+/](=|[A-Za-z0-9+/])))"
        ),
        "cidr": addresses.is_cidr,
        "creditcard": _is_card,
        "date": _is_date,
        "datetime": _is_date_time,
        "duration": _is_duration,
        "email": addresses.is_email,
        "hexcolor": _matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
        "hostname": addresses.is_hostname,
        "ipv4": addresses.is_ipv4,
        "ipv6": addresses.is_ipv6,
        "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
        "isbn10": _is_isbn10,
        "isbn13": _is_isbn13,
        "k8slongname": _matches(rf"{_LABEL}(\.{_LABEL})*", longest=253),
        "k8sshortname": _matches(_LABEL, longest=63),
        "mac": addresses.is_mac,
        "password": lambda _text: True,
        "rgbcolor": _matches(rf"rgb\(\s*{_CHANNEL}\s*,\s*{_CHANNEL}\s*,\s*{_CHANNEL}\s*\)"),
        "ssn": _matches(r"\d{3}[- ]\d{2}[- ]\d{4}"),
        "uri": addresses.is_uri,
        "uuid": _uuid(),
        "uuid3": _uuid("3[0-9a-f]{3}"),
        "uuid4": _uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
        "uuid5": _uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    }
)
