"""
Label selectors: from the text of a query to a yes or no about the labels of an object.

The grammar is that of a real server, token by token, since what is refused, and in which words,
follows from the order in which tokens are read: ``x=1 y=2`` is refused at ``y``, ``x in (1`` at its
end.

Source: k8s.io/apimachinery/pkg/labels/selector.go, and
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import bad_request
from datacube_runtime.local.registry.metadata.labels import label_key_problems, label_value_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Labels = Mapping[str, str]
    LabelTest = Callable[[Labels], bool]

_TOKEN = re.compile(r"[ \t\r\n]*(!=|==|[=!(),<>]|[^=!(),<> \t\r\n\0]+)")
_SYMBOLS = frozenset(("", "=", "==", "!=", "!", "(", ")", ",", "<", ">"))
_END = ""
_SETS = ("in", "notin")
_ORDERS = ("<", ">")
_OPERATORS = (*_SETS, "=", "==", "!=", *_ORDERS)
_KNOWN = "in, notin, =, ==, !=, gt, lt"
_NUMBER = re.compile(r"[+-]?[0-9]+")
_HIGHEST = 2**63 - 1
_EACH = "unable to parse requirement: "


class _UnreadableError(Exception):
    """A requirement cannot be read; the text says where."""


def label_tests(text: str) -> Iterator[LabelTest]:
    """
    Yield one test for each requirement of a label selector; all of them have to hold.

    :raises ApiStatusError: (400) it cannot be read.
    """
    tokens = _tokens(text)
    while tokens[0] != _END:
        if not _is_word(tokens[0]) and tokens[0] != "!":
            expected = "!, identifier, or 'end of string'"
            raise bad_request(f"found '{tokens[0]}', expected: {expected}")
        try:
            yield _requirement(tokens)
        except _UnreadableError as error:
            raise bad_request(f"{_EACH}{error}") from None
        separator = tokens[0]
        if separator not in (",", _END):
            raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
        if separator == ",":
            tokens.popleft()
            if not _is_word(tokens[0]) and tokens[0] != "!":
                raise bad_request(f"found '{tokens[0]}', expected: identifier after ','")


def _tokens(text: str) -> deque[str]:
    """Return the tokens of a selector; the last one is the end, which is never taken away."""
    readable = text.partition("\0")[0]
    return deque([*_TOKEN.findall(readable), _END])


def _is_word(token: str) -> bool:
    return token not in _SYMBOLS


def _take(tokens: deque[str]) -> str:
    return tokens.popleft() if tokens[0] != _END else _END


def _requirement(tokens: deque[str]) -> LabelTest:
    is_negated = tokens[0] == "!"
    if is_negated:
        tokens.popleft()
    key = _take(tokens)
    if not _is_word(key):
        raise _UnreadableError(f"found '{key}', expected: identifier")
    if problems := label_key_problems(key):
        raise _UnreadableError(f"<nil>: Invalid value: {_quoted(key)}: {'; '.join(problems)}")
    if is_negated:
        return lambda labels: key not in labels
    if tokens[0] in (",", _END):
        return lambda labels: key in labels
    operator = _take(tokens)
    if operator not in _OPERATORS:
        raise _UnreadableError(f"found '{operator}', expected: {_KNOWN}")
    values = sorted(_set_of(tokens) if operator in _SETS else {_one(tokens)})
    _check_values(key, operator, values)
    return _test(key, operator, values)


def _one(tokens: deque[str]) -> str:
    if tokens[0] in (",", _END):
        return ""
    value = _take(tokens)
    if not _is_word(value):
        raise _UnreadableError(f"found '{value}', expected: identifier")
    return value


def _set_of(tokens: deque[str]) -> set[str]:
    """Return the values between parentheses; what is missing beside a comma is the empty one."""
    opening = _take(tokens)
    if opening != "(":
        raise _UnreadableError(f"found '{opening}' expected: '('")
    if not _is_word(tokens[0]) and tokens[0] not in (",", ")"):
        raise _UnreadableError(f"found '{tokens[0]}', expected: ',', ')' or identifier")
    values, is_between = set(), True
    while (found := _take(tokens)) != ")":
        if found == ",":
            values |= {""} if is_between else set()
            is_between = True
        elif not _is_word(found):
            raise _UnreadableError(f"found '{found}', expected: ',', or identifier")
        else:
            values.add(found)
            is_between = False
            if tokens[0] not in (",", ")"):
                raise _UnreadableError(f"found '{tokens[0]}', expected: ',' or ')'")
    return values | {""} if is_between else values


def _check_values(key: str, operator: str, values: list[str]) -> None:
    problems = []
    if operator in _ORDERS and _number(values[0]) is None:
        why = "for 'Gt', 'Lt' operators, the value must be an integer"
        problems.append(f"values[0]: Invalid value: {_quoted(values[0])}: {why}")
    for at, value in enumerate(values):
        if found := label_value_problems(value):
            said = f"Invalid value: {_quoted(value)}: {'; '.join(found)}"
            problems.append(f"values[{at}][{key}]: {said}")
    if problems:
        said = ", ".join(problems)
        raise _UnreadableError(f"[{said}]" if len(problems) > 1 else said)


def _test(key: str, operator: str, values: list[str]) -> LabelTest:
    if operator in ("in", "=", "=="):
        return lambda labels: key in labels and labels[key] in values
    if operator in ("notin", "!="):
        return lambda labels: key not in labels or labels[key] not in values
    return lambda labels: _is_beyond(labels.get(key, ""), operator, values[0])


def _is_beyond(value: str, operator: str, limit: str) -> bool:
    """Compare two labels as numbers; one that is none is neither more nor less."""
    number, edge = _number(value), _number(limit)
    if number is None or edge is None:
        return False
    return number > edge if operator == ">" else number < edge


def _number(text: str) -> int | None:
    """Return what 64 bits hold."""
    number = int(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and -_HIGHEST - 1 <= number <= _HIGHEST else None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
