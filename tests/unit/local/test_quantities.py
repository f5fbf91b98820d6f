from __future__ import annotations

from fractions import Fraction

import pytest

from datacube_runtime.local.registry.wire.quantities import QuantityError, amount, canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1Gi", 1 << 30),
        ("+1", 1),
        ("1.", 1),
        ("-0.1n", -Fraction(1, 10**9)),
        ("1.5Ki", 1536),
        ("500m", Fraction(1, 2)),
        ("1e3", 1000),
        ("1E", 10**18),
        ("-2k", -2000),
        (".5", Fraction(1, 2)),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
    ],
)
def test_a_quantity_is_an_amount(text: str, expected: Fraction | int) -> None:
    assert amount(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("12e6", "12e6"),
        ("100000e-2", "1e3"),
        ("1536Mi", "1536Mi"),
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("0Gi", "0"),
        ("-1024Ki", "-1Mi"),
    ],
)
def test_a_quantity_is_written_in_one_way(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", QuantityError.FORMAT),
        ("lots", QuantityError.FORMAT),
        ("1 Gi", QuantityError.FORMAT),
        ("1ki", QuantityError.SUFFIX),
        ("1" * 1001, QuantityError.NUMBER),
    ],
)
def test_what_is_no_quantity_is_refused_in_the_words_of_kubernetes(text: str, words: str) -> None:
    with pytest.raises(QuantityError) as caught:
        amount(text)
    assert str(caught.value) == words
