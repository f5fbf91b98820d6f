"""
Jinja in an operator's arguments: where it stands, and where it left nothing behind.

Nothing is rendered here, Airflow does that. The questions are which problems of a manifest have to
wait until it has been rendered, and which fields a template emptied without anybody wanting it: a
``ref`` that silently became the default branch is a wrong transfer that looks like a right one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Path: TypeAlias = tuple[str | int, ...]

_MARKS = ("{{", "{%", "{#")
_PLAIN = (str, int, float, bool, type(None))


def holds_template(value: Any) -> bool:
    """
    Tell whether the value is not known before a task runs.

    That is Jinja in any string of it, or an object that Airflow resolves (an XComArg).
    """
    if isinstance(value, str):
        return any(mark in value for mark in _MARKS)
    if isinstance(value, dict):
        return any(map(holds_template, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_template, value))
    return not isinstance(value, _PLAIN)


def templated_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where the single templates stand in a nested value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from templated_paths(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from templated_paths(inner, (*path, index))
    elif holds_template(value):
        yield path


def empty_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where nothing stands: None, or a string without a visible character."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from empty_paths(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from empty_paths(inner, (*path, index))
    elif is_nothing(value):
        yield path


def is_nothing(value: Any) -> bool:
    """Tell whether a rendered value is no value."""
    return value is None or (isinstance(value, str) and not value.strip())


def value_at(value: Any, path: Sequence[str | int]) -> Any:
    """
    Return what stands at a path of keys and indexes.

    :raises LookupError: nothing does.
    """
    for part in path:
        is_key = isinstance(value, dict) and part in value
        is_index = isinstance(value, list | tuple) and part in range(len(value))
        if not (is_key or is_index):
            raise LookupError(part)
        value = value[part]
    return value


def is_certain(value: Any, path: Path) -> bool:
    """Tell whether the problem at ``path`` stays, whatever is rendered."""
    try:
        return not holds_template(value_at(value, path))
    except LookupError:
        # Something is missing. Jinja cannot bring it, but an XComArg above it can.
        return not any(not isinstance(v, dict | list) for v in _above(value, path))


def _above(value: Any, path: Path) -> Iterator[Any]:
    for length in range(len(path)):
        try:
            yield value_at(value, path[:length])
        except LookupError:
            return


def spelled(path: Path) -> str:
    """Return a path as people write it: ``source.options[0].value``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
