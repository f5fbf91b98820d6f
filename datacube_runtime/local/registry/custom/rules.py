"""
``x-kubernetes-validations``: the CEL rules of a schema, compiled once, asked of each object.

``cel`` evaluates; this module finds the rules, hands each the part of the object that it stands on
(and, for a transition rule, the part of the old object), and words the refusal. A new object is
asked the one question that ``whole`` makes of all of them first. There is no cost budget: what a
real server refuses as too expensive runs here.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom import cel
from datacube_runtime.local.registry.custom.causes import dotted, shown, type_name
from datacube_runtime.local.registry.custom.whole import RULES, in_one, is_transition, joined
from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REASONS = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}
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

    program: cel.Program
    text: str
    name: str
    """What it is called where it cannot be evaluated: its message, or itself."""

    is_transition: bool
    message: str
    message_program: cel.Program | None
    reason: str
    field_path: str

    def problem(self, path: _Path, value: Any, scope: cel.Scope) -> Cause | None:
        """Return what the rule has against the value at ``path``."""
        try:
            holds = cel.evaluate(self.program, scope)
        except cel.EvaluationError as error:
            words = f'Invalid value: "{type_name(value)}": {error} evaluating rule: {self.name}'
            return Cause("FieldValueInvalid", dotted(path) or "<nil>", words)
        return None if holds else self._cause(path, value, self._message(scope))

    def _message(self, scope: cel.Scope) -> str:
        if self.message_program is not None:
            try:
                return str(cel.evaluate(self.message_program, scope))
            except cel.EvaluationError:
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
    together: cel.Program | None
    """All rules but those of transitions as one: mostly all hold, and one question is enough."""

    fields: Mapping[str, _Node]
    values: _Node | None
    items: _Node | None
    keys: tuple[str, ...]
    has_transitions: bool
    """Whether it or a place below has a rule that is asked of what did not change, too."""


class Rules:
    """All the rules of a schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = _compiled(schema, "")
        self._all = _joined(in_one(schema))

    def __bool__(self) -> bool:
        return self._root is not None

    def problems(self, new: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
        """Return what the rules have against an object; of metadata they see the name only."""
        if self._root is None:
            return []
        after = cel.readable(_seen(new))
        if old is None and self._all is not None and cel.holds(self._all, cel.scope(after)):
            return []
        return list(self.each(after, None if old is None else cel.readable(_seen(old))))

    def each(self, new: Any, old: Any) -> Iterator[Cause]:
        """Yield what each rule has against a value that can be read."""
        return _broken(self._root, (), new, old) if self._root else iter(())


def _seen(obj: Mapping[str, Any]) -> dict[str, Any]:
    meta = obj["metadata"]
    names = {field: meta[field] for field in ("name", "generateName") if field in meta}
    return {**obj, "metadata": names}


def _compiled(schema: Any, path: str) -> _Node | None:
    """Return the rules of a schema; None where neither it nor a place below has any."""
    if not isinstance(schema, dict):
        return None
    fields = {
        name: node
        for name, part in schema.get("properties", {}).items()
        if (node := _compiled(part, f"{path}properties[{name}]."))
    }
    values = _compiled(schema.get("additionalProperties"), f"{path}additionalProperties.")
    items = _compiled(schema.get("items"), f"{path}items.")
    rules = tuple(
        _rule(rule, f"{path}{RULES}[{index}]") for index, rule in enumerate(schema.get(RULES, ()))
    )
    below = [*fields.values(), *filter(None, (values, items))]
    if not rules and not below:
        return None
    is_map = schema.get("x-kubernetes-list-type") == "map"
    return _Node(
        rules=rules,
        together=_joined(joined(rule.text for rule in rules if not rule.is_transition)),
        fields=fields,
        values=values,
        items=items,
        keys=tuple(schema.get("x-kubernetes-list-map-keys", ())) if is_map else (),
        has_transitions=any(rule.is_transition for rule in rules)
        or any(node.has_transitions for node in below),
    )


def _rule(said: Mapping[str, Any], path: str) -> _Rule:
    text, expression = said["rule"], said.get("messageExpression")
    return _Rule(
        program=_program(text, f"{path}.rule"),
        text=text,
        name=said.get("message") or text.strip(),
        is_transition=is_transition(text),
        message=said.get("message") or f"failed rule: {text.strip()}",
        message_program=_program(expression, f"{path}.messageExpression") if expression else None,
        reason=said.get("reason", "FieldValueInvalid"),
        field_path=said.get("fieldPath", ""),
    )


def _joined(text: str) -> cel.Program | None:
    """Return several rules as one; None where there are none, or they cannot be joined."""
    try:
        return cel.program(text) if text else None
    except cel.CompileError:
        return None


def _program(text: str, path: str) -> cel.Program:
    try:
        return cel.program(text)
    except cel.CompileError as error:
        raise RuleError(path, str(error)) from error


def _broken(
    node: _Node, path: _Path, new: Any, old: Any, *, is_settled: bool = False
) -> Iterator[Cause]:
    """
    Walk the object along the schema; ``old`` is None where nothing corresponds to it.

    What did not change is asked of transition rules only, so that a stricter definition does not
    freeze the objects that are there. Where nothing corresponds, the nearest place above for which
    something does decides (``is_settled``). Source: "Validation ratcheting" in the document above.
    """
    is_settled = is_settled if old is None else new == old
    if is_settled and not node.has_transitions:
        return
    if node.rules:
        scope = cel.scope(new, old)
        hold = is_settled or (node.together is not None and cel.holds(node.together, scope))
        for rule in node.rules:
            if (old is not None) if rule.is_transition else not hold:
                cause = rule.problem(path, new, scope)
                if cause is not None:
                    yield cause
    for step, below, value, before in _below(node, new, old):
        yield from _broken(below, (*path, step), value, before, is_settled=is_settled)


def _below(node: _Node, new: Any, old: Any) -> Iterator[tuple[str | int, _Node, Any, Any]]:
    """Yield the values below that have rules: where, which, what, and what was there before."""
    if isinstance(new, dict):
        was = old if isinstance(old, dict) else {}
        for name, value in new.items():
            if below := node.fields.get(name) or node.values:
                yield name, below, value, was.get(name)
    elif isinstance(new, list) and node.items:
        for index, value in enumerate(new):
            yield index, node.items, value, _counterpart(node.keys, value, old)


def _counterpart(keys: tuple[str, ...], item: Any, old_items: Any) -> Any:
    """Return the old item with the same key; items of other lists have no counterpart."""
    if not keys or not isinstance(old_items, list):
        return None
    key = [item.get(name) for name in keys]
    return next((old for old in old_items if [old.get(name) for name in keys] == key), None)
