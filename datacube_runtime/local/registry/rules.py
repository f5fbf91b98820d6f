"""
``x-kubernetes-validations``: the CEL rules of a schema, compiled once, asked of each object.

``cel-python`` evaluates; this module finds the rules, hands each the part of the object that it
stands on (and, for a transition rule, the part of the old object), and words the refusal. There is
no cost budget: what a real server refuses as too expensive runs here.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from celpy import Environment
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.celtypes import MapType, StringType
from celpy.evaluation import CELEvalError

from datacube_runtime.local.registry.cel import FUNCTIONS
from datacube_runtime.local.registry.errors import Cause
from datacube_runtime.local.registry.schema import dotted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RULES = "x-kubernetes-validations"
_REASONS = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}
_PRECEDENCES = frozenset(
    {
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
    }
)
_WITHOUT_VALUE = ("FieldValueForbidden", "FieldValueRequired")

_Path = tuple[str | int, ...]


class RuleError(Exception):
    """A rule of a definition cannot be compiled; ``path`` says which, from the schema's root."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


@dataclass(frozen=True)
class _Rule:
    """One rule, ready to be asked."""

    program: Any
    is_transition: bool
    message: str
    message_program: Any
    reason: str
    field_path: str

    def problem(self, path: _Path, new: Any, new_cel: Any, old_cel: Any) -> Cause | None:
        """Return what the rule has against the value at ``path``."""
        context = {"self": new_cel} | ({"oldSelf": old_cel} if old_cel is not None else {})
        try:
            holds = self.program.evaluate(context)
        except CELEvalError as error:
            return self._cause(path, new, f"rule evaluation error: {error.args[0]}")
        return None if holds else self._cause(path, new, self._message(context))

    def _message(self, context: dict[str, Any]) -> str:
        if self.message_program is not None:
            try:
                return str(self.message_program.evaluate(context))
            except CELEvalError:
                return self.message  # as documented: the plain message stands in
        return self.message

    def _cause(self, path: _Path, value: Any, message: str) -> Cause:
        said = "" if self.reason in _WITHOUT_VALUE else shown(value)
        return Cause(
            self.reason,
            dotted(path) + self.field_path if path else self.field_path.lstrip(".") or "<nil>",
            f"{_REASONS[self.reason]}: {said}{message}",
        )


@dataclass(frozen=True)
class _Node:
    """The rules of one place of the schema, and the places below it that have any."""

    rules: tuple[_Rule, ...]
    fields: Mapping[str, _Node]
    values: _Node | None
    items: _Node | None
    keys: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.rules or self.fields or self.values or self.items)


class Rules:
    """All the rules of a schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = _compiled(schema, "")

    def __bool__(self) -> bool:
        return bool(self._root)

    def problems(self, new: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
        """Return what the rules have against an object; of metadata they see the name only."""
        if not self._root:
            return []
        new = _seen(new)
        old = None if old is None else _seen(old)
        return list(
            _broken(
                self._root, (), new, json_to_cel(new), None if old is None else json_to_cel(old)
            )
        )


def _seen(obj: Mapping[str, Any]) -> dict[str, Any]:
    meta = obj["metadata"]
    names = {field: meta[field] for field in ("name", "generateName") if field in meta}
    return {**obj, "metadata": names}


def _compiled(schema: Mapping[str, Any], path: str) -> _Node:
    below = {
        name: _compiled(part, f"{path}properties[{name}].")
        for name, part in schema.get("properties", {}).items()
    }
    values, items = schema.get("additionalProperties"), schema.get("items")
    is_map = schema.get("x-kubernetes-list-type") == "map"
    return _Node(
        rules=tuple(
            _rule(rule, f"{path}{_RULES}[{index}].rule")
            for index, rule in enumerate(schema.get(_RULES, ()))
        ),
        fields={name: node for name, node in below.items() if node},
        values=_compiled(values, f"{path}additionalProperties.")
        if isinstance(values, dict)
        else None,
        items=_compiled(items, f"{path}items.") if isinstance(items, dict) else None,
        keys=tuple(schema.get("x-kubernetes-list-map-keys", ())) if is_map else (),
    )


def _rule(said: Mapping[str, Any], path: str) -> _Rule:
    text, expression = said["rule"], said.get("messageExpression")
    first_line = " ".join(text.split())
    return _Rule(
        program=_program(text, path),
        is_transition=re.search(r"\boldSelf\b", text) is not None,
        message=said.get("message") or f"failed rule: {first_line}",
        message_program=_program(expression, path) if expression else None,
        reason=said.get("reason", "FieldValueInvalid"),
        field_path=said.get("fieldPath", ""),
    )


def _program(text: str, path: str) -> Any:
    environment = Environment()
    environment.annotations.clear()  # protobuf types, which no schema mentions: bound each time
    try:
        return environment.program(_shortened(environment.compile(text)), dict(FUNCTIONS))
    except CELParseError as error:
        raise RuleError(path, f"Syntax error: {error.args[0]}") from error


def _shortened(tree: Any) -> Any:
    """
    Return a syntax tree without the levels that only pass a value on.

    The grammar leads from an expression to a name through eight rules, one a precedence, and the
    interpreter walks them all; without them it is several times as fast.
    """
    below = type(tree)  # the parser's own class; other children are its tokens
    tree.children = [_shortened(c) if isinstance(c, below) else c for c in tree.children]
    passes_on = tree.data in _PRECEDENCES and len(tree.children) == 1
    return tree.children[0] if passes_on else tree


def _broken(node: _Node, path: _Path, new: Any, new_cel: Any, old_cel: Any) -> Iterator[Cause]:
    """
    Walk the object along the schema; ``old_cel`` is None where nothing corresponds to it.

    What did not change is not asked again, so that a stricter definition does not freeze the
    objects that are there. Source: "Validation ratcheting" in the document above.
    """
    is_changed = old_cel is None or new_cel != old_cel
    for rule in node.rules:
        if old_cel is None if rule.is_transition else not is_changed:
            continue
        cause = rule.problem(path, new, new_cel, old_cel if rule.is_transition else None)
        if cause is not None:
            yield cause
    if isinstance(new, dict):
        for name, value in new.items():
            below = node.fields.get(name) or node.values
            if below:
                old = old_cel.get(StringType(name)) if isinstance(old_cel, MapType) else None
                yield from _broken(below, (*path, name), value, new_cel[StringType(name)], old)
    elif isinstance(new, list) and node.items:
        for index, value in enumerate(new):
            old = _counterpart(node.keys, new_cel[index], old_cel)
            yield from _broken(node.items, (*path, index), value, new_cel[index], old)


def _counterpart(keys: tuple[str, ...], item: Any, old_items: Any) -> Any:
    """Return the old item with the same key; items of other lists have no counterpart."""
    if not keys or old_items is None:
        return None
    same = (
        old
        for old in old_items
        if all(old.get(StringType(key)) == item.get(StringType(key)) for key in keys)
    )
    return next(same, None)
