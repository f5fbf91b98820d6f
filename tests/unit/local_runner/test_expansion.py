from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.expansion import expand, expand_all

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {"A": "1", "B": "$(A)", "": "empty", "a b": "blank"}

# The table of Kubernetes' own expand_test.go, in short, and what it leaves out.
CASES = [
    ("", ""),
    ("plain", "plain"),
    ("$(A)", "1"),
    ("x$(A)y$(A)z", "x1y1z"),
    ("$(B)", "$(A)"),
    ("$(NOPE)", "$(NOPE)"),
    ("$$(A)", "$(A)"),
    ("$$$(A)", "$1"),
    ("$$$$(A)", "$$(A)"),
    ("$$$$$(A)", "$$1"),
    ("$A", "$A"),
    ("${A}", "${A}"),
    ("$(A", "$(A"),
    ("$(A$$", "$(A$"),
    ("$(", "$("),
    ("$", "$"),
    ("$$", "$"),
    ("foo$(", "foo$("),
    ("$()", "empty"),
    ("$(a b)", "blank"),
    ("$($(A)", "$($(A)"),
    ("$((A))", "$((A))"),
    ("$(A)$(", "1$("),
    ("a\n$(A)\n", "a\n1\n"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_table_of_kubernetes(text: str, expected: str) -> None:
    assert expand(text, VARIABLES) == expected


def go_expand(text: str, variables: Mapping[str, str]) -> str:
    """Read as expand.go does: one character after the other."""
    out, checkpoint, cursor = "", 0, 0
    while cursor < len(text):
        if text[cursor] == "$" and cursor + 1 < len(text):
            out += text[checkpoint:cursor]
            read, is_variable, advance = go_read_name(text[cursor + 1 :])
            out += variables.get(read, f"$({read})") if is_variable else read
            cursor += advance
            checkpoint = cursor + 1
        cursor += 1
    return out + text[checkpoint:]


def go_read_name(text: str) -> tuple[str, bool, int]:
    if text[0] == "$":
        return "$", False, 1
    if text[0] == "(":
        for index in range(1, len(text)):
            if text[index] == ")":
                return text[1:index], True, index + 1
        return "$(", False, 1
    return f"${text[0]}", False, 1


@given(st.text(alphabet="$()AB x\n", max_size=24))
@example("$(A$(B)")
@example("$$(A)$$$(B)")
def test_it_reads_as_the_reference_does(text: str) -> None:
    assert expand(text, VARIABLES) == go_expand(text, VARIABLES)


@given(st.text(max_size=30))
def test_what_is_escaped_comes_out_as_it_was(text: str) -> None:
    assert expand(text.replace("$", "$$"), VARIABLES) == text


def test_a_sub_path_needs_all_its_names() -> None:
    assert expand_all("$(A)/$$(NO)", {"A": "a"}) == "a/$(NO)"
    with pytest.raises(ContainerConfigError, match="missing value for EMPTY, NO"):
        expand_all("$(NO)/$(EMPTY)/$(A)", {"A": "a", "EMPTY": ""})
