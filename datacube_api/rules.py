"""
The rules that no type can say: each one sentence, once for Python and once for the API server.

A rule stands here and nowhere else. ``holds`` is asked by the models, before anything is sent;
``cel`` is written into the CRD and asked by the API server, for people who use kubectl; the same
``message`` comes from both. Tests hold the two sides to each other.

CEL: https://kubernetes.io/docs/reference/using-api/cel/
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.environment import to_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REQUIRED_OPTIONS = {"git": "url", "huggingface": "repo", "s3": "s3-uri"}
"""The option without which a type cannot know what to transfer."""

PLAIN_OPTIONS = ("files", "s3-uri")
"""Options that the contract wants as a plain ``value``."""


@dataclass(frozen=True)
class Rule:
    """One sentence; ``field`` is where, relative to the object that the rule is about."""

    message: str
    cel: str
    holds: Callable[[Any], bool]
    field: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """``field`` as the parts of a path."""
        return tuple(filter(None, self.field.split(".")))


class BrokenRulesError(ValueError):
    """``rules`` are broken; a ValueError, so that pydantic adds the path of their subject."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        super().__init__("; ".join(rule.message for rule in rules))
        self.rules = rules


def check(rules: Iterable[Rule], subject: Any) -> None:
    """
    Say which rules ``subject`` breaks.

    :raises BrokenRulesError: with every broken rule.
    """
    if broken := tuple(rule for rule in rules if not rule.holds(subject)):
        raise BrokenRulesError(broken)


ENV_VAR_RULES = (
    Rule(
        "value and valueFrom exclude each other: keep one of them",
        "!(has(self.value) && has(self.valueFrom))",
        lambda v: v.value is None or v.value_from is None,
    ),
)

SUB_PATH_RULES = (
    Rule(
        "must be relative: a path inside the volume, without a leading '/'",
        "!has(self.subPath) || !self.subPath.startsWith('/')",
        lambda p: not (p.sub_path or "").startswith("/"),
        ".subPath",
    ),
    Rule(
        "must stay inside the volume: '..' is not allowed in it",
        "!has(self.subPath) || !self.subPath.split('/').exists(s, s == '..')",
        lambda p: ".." not in (p.sub_path or "").split("/"),
        ".subPath",
    ),
)

_VARIABLE = "{}.name.upperAscii().replace('-', '_')"


def _requires(kind: str, option: str) -> Rule:
    return Rule(
        f"type {kind} needs the option '{option}'",
        f"self.type != '{kind}' || (has(self.options) && self.options.exists(o, "
        f"o.name == '{option}' && (has(o.valueFrom) || (has(o.value) && o.value != ''))))",
        lambda end: end.type != kind or any(o.name == option and o.is_given for o in end.options),
        ".options",
    )


END_RULES = (
    Rule(
        "type pvc has no options",
        "self.type != 'pvc' || !has(self.options) || size(self.options) == 0",
        lambda end: end.type != "pvc" or not end.options,
        ".options",
    ),
    *(_requires(kind, option) for kind, option in REQUIRED_OPTIONS.items()),
    Rule(
        f"the options {' and '.join(PLAIN_OPTIONS)} must be a plain value, not a valueFrom",
        "!has(self.options) || self.options.all(o, "
        f"!(o.name in {list(PLAIN_OPTIONS)}) || !has(o.valueFrom))",
        lambda end: all(o.name not in PLAIN_OPTIONS or o.value_from is None for o in end.options),
        ".options",
    ),
    Rule(
        "two options become the same variable: give each name once ('-' and '_' are one)",
        "!has(self.options) || self.options.all(o, self.options.exists_one(p, "
        f"{_VARIABLE.format('p')} == {_VARIABLE.format('o')}))",
        lambda end: not _repeated(to_variable(o.name) for o in end.options),
        ".options",
    ),
)

# These two are types in Python (each end has a class of its own) and rules in the CRD.
CRD_END_RULES = (
    Rule(
        "must be given when type is pvc, and only then",
        "(self.type == 'pvc') == has(self.pvc)",
        lambda end: (end.type == "pvc") == hasattr(end, "pvc"),
        ".pvc",
    ),
    *END_RULES,
)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _hidden_by_env(spec: Any) -> set[str]:
    options = {to_variable(o.name) for end in (spec.source, spec.sink) for o in end.options}
    return options & {v.name for v in (spec.executor and spec.executor.env) or ()}


def _wants_sync(spec: Any) -> bool:
    options = spec.executor and spec.executor.options
    return bool(options and options.sync)


def _no_env_hides(end: str) -> str:
    return (
        f"(!has(self.{end}.options) || !self.{end}.options.exists(o, "
        f"{_VARIABLE.format('o')} == e.name))"
    )


SPEC_RULES = (
    Rule(
        "exactly one of source and sink must have type pvc",
        "(self.source.type == 'pvc') != (self.sink.type == 'pvc')",
        lambda spec: (spec.source.type == "pvc") != (spec.sink.type == "pvc"),
    ),
    Rule(
        "a template belongs to a sink: the volume of an upload must be there already",
        "!has(self.source.pvc) || !has(self.source.pvc.template)",
        lambda spec: spec.source.type != "pvc" or spec.source.pvc.template is None,
        ".source.pvc.template",
    ),
    Rule(
        "sync is for downloads from s3 only: remove it, or set it to false",
        "!has(self.executor) || !has(self.executor.options) || "
        "!has(self.executor.options.sync) || !self.executor.options.sync || "
        "(self.source.type == 's3' && self.sink.type == 'pvc')",
        lambda spec: (
            not _wants_sync(spec) or (spec.source.type == "s3" and spec.sink.type == "pvc")
        ),
        ".executor.options.sync",
    ),
    Rule(
        "a name here is the variable of an option, which it would hide: rename or remove it",
        "!has(self.executor) || !has(self.executor.env) || self.executor.env.all(e, "
        f"{_no_env_hides('source')} && {_no_env_hides('sink')})",
        lambda spec: not _hidden_by_env(spec),
        ".executor.env",
    ),
)

IMMUTABLE = Rule(
    "spec is immutable, since a DataCube runs once: create a new one",
    "self == oldSelf",
    lambda _: True,
)
