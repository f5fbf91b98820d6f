"""
CEL as Kubernetes has it: Google's own evaluator, and the functions that Kubernetes adds.

``cel-expr-python`` (cel-cpp) parses, checks and evaluates, with its extensions for strings and for
optional values. Here stand the list and regex functions that it lacks, and its one way of failing
is made two: what cannot be compiled, and what cannot be evaluated. Knows nothing of rules and
schemas: ``self`` and ``oldSelf`` are of any type, so a field that no schema has is noticed when a
rule is asked, not when it is written.

Not there: ``indexOf`` and ``lastIndexOf`` of lists (the evaluator takes one declaration of a name,
and strings have these), and the libraries for URLs, IP addresses, quantities, formats, semantic
versions and authorization.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from cel_expr_python import cel  # type: ignore[import-untyped]  # has stubs, but no py.typed
from cel_expr_python.ext import (  # type: ignore[import-untyped]  # the same
    ext_optional,
    ext_strings,
)

from datacube_runtime.local.registry.jsontext import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

Program: TypeAlias = Any
"""An expression, ready to be asked; made by ``program``, for ``evaluate``."""

Scope: TypeAlias = Any
"""What ``self`` and ``oldSelf`` stand for; made by ``scope``, for ``evaluate``."""

_IN_GOS_WORDS = (
    (re.compile(r'Key not found in map : "(.*)"$', re.DOTALL), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+$"), r"index out of bounds: \1"),
    (re.compile(r"divide by zero$"), "division by zero"),
)
_STATUS = "INVALID_ARGUMENT"
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


class CompileError(Exception):
    """The expression is no CEL, or asks for a function that is not there."""


class EvaluationError(Exception):
    """The expression has no answer for these values: a key is missing, or the types differ."""


@lru_cache(maxsize=1024)
def program(text: str) -> Program:
    """
    Return an expression, ready to be asked.

    :raises CompileError: it is none.
    """
    try:
        return _environment().compile(text)
    except RuntimeError as error:
        problem = str(error).removeprefix(_STATUS + ": ").removesuffix(f" [{_STATUS}]")
        raise CompileError(problem) from error


def scope(new: Any, old: Any = None) -> Scope:
    """Return the values of ``self`` and, unless it is None, of ``oldSelf``; see ``readable``."""
    return _environment().Activation(
        {"self": new} if old is None else {"self": new, "oldSelf": old}
    )


def evaluate(asked: Program, values: Scope) -> Any:
    """
    Return what an expression says of some values.

    :raises EvaluationError: it says nothing.
    """
    answer = asked.eval(values)
    said = answer.value()
    if said is not True and answer.type() == cel.Type.ERROR:
        raise EvaluationError(_in_gos_words(str(said)))
    return said


def holds(asked: Program, values: Scope) -> bool:
    """Tell whether an expression says yes; not where it says anything else, or nothing."""
    return asked.eval(values).value() is True


def _in_gos_words(problem: str) -> str:
    """Say what went wrong as cel-go says it, in front of which cel-cpp puts a status code."""
    problem = problem.partition(": ")[2]
    for pattern, words in _IN_GOS_WORDS:
        problem = pattern.sub(words, problem)
    return problem


def readable(value: Any) -> Any:
    """
    Return a JSON value such that the evaluator sees all of it.

    It stops reading a text at a NUL, behind which a rule would see nothing, and takes no half of a
    surrogate pair: both become U+FFFD, as which Go reads the latter. A number that no int64 holds
    becomes a float, as in Go.
    """
    return value if is_plain(value) else _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _UNREADABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(below) for key, below in value.items()}
    if isinstance(value, int) and not _INT64_MIN <= value <= _INT64_MAX:
        return float(value)
    return [_cleaned(below) for below in value] if isinstance(value, list) else value


@cache
def _environment() -> Any:
    return cel.NewEnv(
        variables={"self": cel.Type.DYN, "oldSelf": cel.Type.DYN},
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
        functions=_functions(),
    )


def _functions() -> list[Any]:
    kinds = cel.Type
    items, text = kinds.List(kinds.DYN), kinds.STRING
    return [
        _declared("isSorted", kinds.BOOL, ([items], _is_sorted)),
        _declared("sum", kinds.DYN, ([items], sum)),
        _declared("min", kinds.DYN, ([items], min)),
        _declared("max", kinds.DYN, ([items], max)),
        _declared("find", text, ([text, text], _find)),
        _declared(
            "findAll",
            kinds.List(text),
            ([text, text], _find_all),
            ([text, text, kinds.INT], _find_all),
        ),
    ]


def _declared(name: str, result: Any, *ways: tuple[list[Any], Callable[..., Any]]) -> Any:
    """Return the declaration of a method that takes one or more lists of parameters."""
    overloads = [
        cel.Overload(f"{name}_{len(takes)}", result, takes, is_member=True, impl=call)
        for takes, call in ways
    ]
    return cel.FunctionDecl(name, overloads)


def _is_sorted(items: list[Any]) -> bool:
    return all(a <= b for a, b in pairwise(items))


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found.group() if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in re.finditer(pattern, text)]
    return found[: limit if limit >= 0 else None]
