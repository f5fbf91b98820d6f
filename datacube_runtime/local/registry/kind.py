"""
What one kind adds to the rules that hold for all: its defaults, its checks, its habits.

The registry asks; built-in kinds answer from ``kinds``, custom resources from ``custom``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.metadata.names import subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.fields.types import Type
    from datacube_runtime.local.registry.options import Write


def _leave(_obj: dict[str, Any]) -> None:
    """Add nothing to a new object."""


def _admit(_obj: dict[str, Any], _write: Write) -> None:
    """Take the object as it is."""


def _nothing_more(_new: dict[str, Any], _old: dict[str, Any] | None, _write: Write) -> list[Cause]:
    return []


def _no_problems(
    _new: dict[str, Any], _old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    return []


@dataclass(frozen=True)
class Kind:
    """The particulars of a kind."""

    start: Callable[[dict[str, Any]], None] = _leave
    """Complete a new object; its metadata is filled in already."""

    admit: Callable[[dict[str, Any], Write], None] = _admit
    """Bring any object into shape before it is checked: prune, fill in defaults."""

    problems: Callable[[dict[str, Any], dict[str, Any] | None, Sequence[Cause]], list[Cause]] = (
        _no_problems
    )
    """Return what is wrong with an object, given the old one and what was found wrong before."""

    more_problems: Callable[[dict[str, Any], dict[str, Any] | None, Write], list[Cause]] = (
        _nothing_more
    )
    """Return what is wrong besides: what depends on the endpoint, or on its version."""

    server_owned: tuple[str, ...] = ()
    """Parts beside the status that no update changes."""

    name_problems: Callable[[str], list[str]] = subdomain_problems
    has_generation: bool = False
    updates_blindly: bool = True
    """Whether PUT may leave out the resourceVersion."""

    answers_deleted: bool = False
    """Whether a delete is answered with the object rather than with a Status."""

    permanent: frozenset[str] = frozenset()
    """Names that are always there: they cannot be deleted."""

    fields: Type | None = None
    """How objects fall apart into fields with owners, where a schema says so."""

    generates: bool = False
    """Whether ``start`` writes more than a status; what it writes is nobody's field."""
