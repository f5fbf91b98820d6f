"""
What pydantic found wrong, in sentences of ours: each opens with a path, none holds a value.

The path is the manifest's (``spec.source.options[0].value``), as an API server spells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.rules import BrokenRulesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def problems_of(error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """
    Return the problems as (path, sentence); the sentence opens with the path, and holds no value.

    The path is the manifest's: ``("spec", "source", "options", 0, "value")``.
    """
    return [
        (path, f"{_spelled(path)}: {message}" if path else message)
        for detail in error.errors(include_url=False, include_input=False)
        for path, message in _said(detail)
    ]


_SENTENCES = {
    # pydantic's own sentence for the first of these quotes the value.
    "union_tag_invalid": "must be one of pvc, git, huggingface, s3",
    "union_tag_not_found": "is missing: one of pvc, git, huggingface, s3",
    "extra_forbidden": "is not a field of a DataCube; check its spelling and its place",
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be lower case letters, digits, '-' and '.' (a DNS name)",
}


def _said(detail: ErrorDetails) -> Iterator[tuple[tuple[str | int, ...], str]]:
    path, kind, context = _manifest_path(detail["loc"]), detail["type"], detail.get("ctx", {})
    broken = context.get("error")
    if isinstance(broken, BrokenRulesError):
        yield from ((path + rule.path, rule.message) for rule in broken.rules)
    elif kind.startswith("union_tag"):
        yield (*path, "type"), _SENTENCES[kind]
    else:
        yield path, _SENTENCES.get(kind, detail["msg"]).format_map(context)


def _manifest_path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Drop the tag that pydantic puts behind a discriminated field."""
    befores = (None, *loc)
    return tuple(
        part for before, part in zip(befores, loc, strict=False) if before not in ("source", "sink")
    )


def _spelled(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
