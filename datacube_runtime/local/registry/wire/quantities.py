"""
Quantities of resources: ``500m``, ``1Gi``, ``1e3``.

Source: ParseQuantity and CanonicalizeBytes in k8s.io/apimachinery/pkg/api/resource/quantity.go
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)", re.ASCII)
_DECIMAL: Mapping[str, int] = MappingProxyType(
    {"E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "": 0, "m": -3, "u": -6, "n": -9}
)
_BINARY: Mapping[str, int] = MappingProxyType(
    {"Ei": 60, "Pi": 50, "Ti": 40, "Gi": 30, "Mi": 20, "Ki": 10}
)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})", re.ASCII)
_DIGITS_MAX = 1000
_KIBI = 1024


class QuantityError(Exception):
    """A text is no quantity."""

    FORMAT = (
        "quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )
    NUMBER = "unable to parse numeric part of quantity"
    SUFFIX = "unable to parse quantity's suffix"


@lru_cache(maxsize=1024)
def amount(text: str) -> Fraction:
    """
    Return how much a quantity is; less than a billionth is rounded up.

    :raises QuantityError: it is none.
    """
    sign, whole, fraction, suffix = _parts(text)
    if len(whole) + len(fraction) > _DIGITS_MAX:
        raise QuantityError(QuantityError.NUMBER)
    number = Fraction(int(whole + fraction or "0"), 10 ** len(fraction)) * _unit(suffix)
    nano = Fraction(ceil(number * 10**9), 10**9)
    return -nano if sign == "-" else nano


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """
    Return a quantity as Kubernetes writes it: ``0.5`` is ``500m``, and ``1024Mi`` is ``1Gi``.

    :raises QuantityError: it is none.
    """
    value, suffix = amount(text), _parts(text)[3]
    if not value:
        return "0"
    if suffix in _BINARY and abs(value) >= _KIBI and value.denominator == 1:
        unit = next((u for u, power in _BINARY.items() if value % (1 << power) == 0), "")
        return f"{value / (1 << _BINARY.get(unit, 0))}{unit}"
    unit = next(u for u, power in _DECIMAL.items() if (value / _ten(power)).denominator == 1)
    exponent = _DECIMAL[unit]
    if _EXPONENT.fullmatch(suffix):
        unit = f"e{exponent}" if exponent else ""
    return f"{value / _ten(exponent)}{unit}"


def _parts(text: str) -> tuple[str, str, str, str]:
    match = _TEXT.fullmatch(text)
    if not text or match is None:
        raise QuantityError(QuantityError.FORMAT)
    sign, whole, fraction, suffix = match.groups()
    return sign, whole, fraction or "", suffix


def _unit(suffix: str) -> Fraction:
    if suffix in _BINARY:
        return Fraction(1 << _BINARY[suffix])
    if suffix in _DECIMAL:
        return _ten(_DECIMAL[suffix])
    if exponent := _EXPONENT.fullmatch(suffix):
        return _ten(int(exponent[1]))
    raise QuantityError(QuantityError.SUFFIX)


def _ten(power: int) -> Fraction:
    return Fraction(10) ** power
