"""
All the rules of a schema as one: mostly all of them hold, and then one question is enough.

Asked place by place, the evaluator reads what is deep in an object once for each place above it,
and each question has its own price. Within ``[PLACE].all(self, RULE)`` the word ``self`` stands for
the place, so the whole can be written as one expression. Only its yes counts: it is one where each
rule says yes. On anything else (a rule is broken, or has no answer) the rules are asked one by one.

Transition rules are left out: they have no question for a new object.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RULES = "x-kubernetes-validations"


def is_transition(rule: str) -> bool:
    """Tell whether a rule compares with what was there before."""
    return re.search(r"\boldSelf\b", rule) is not None


def joined(texts: Iterable[str]) -> str:
    """Return what is true where all of these are; a comment ends with the line it stands on."""
    return " && ".join(f"(\n{text}\n)" for text in texts)


def in_one(schema: Any) -> str:
    """Return what is true of a value that breaks no rule of a schema; empty where it has none."""
    return joined(_parts(schema)) if isinstance(schema, dict) else ""


def _parts(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (said["rule"] for said in schema.get(RULES, ()) if not is_transition(said["rule"]))
    for name, part in schema.get("properties", {}).items():
        if below := in_one(part):
            word = json.dumps(name, ensure_ascii=False)
            yield f"!({word} in self) || [self[{word}]].all(self, {below})"
    if below := in_one(schema.get("additionalProperties")):
        yield f"self.all(key, [self[key]].all(self, {below}))"
    if below := in_one(schema.get("items")):
        yield f"self.all(self, {below})"
