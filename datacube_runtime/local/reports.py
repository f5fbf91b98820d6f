"""
What ``status`` says: facts first, as a program wants them, then the same as lines for a person.

The objects are counted in the state itself, opened for reading only, so that the answer is there
whether or not the cluster runs, and costs it nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datacube_runtime.local.instances import Instance

Facts = dict[str, Any]


def facts_of(directory: Path, found: Instance | None) -> Facts:
    """Return what there is to know of a data directory and the cluster in it."""
    facts: Facts = {"running": found is not None}
    if found is not None:
        facts |= {"stage": found.stage, "pid": found.pid}
        facts |= {"server": found.server, "since": found.since}
    facts |= {"dataDirectory": str(directory), "kubeconfig": str(directory / "kubeconfig")}
    return {**facts, "objects": read_counts(directory / "state.db")}


def lines_of(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the facts for people."""
    if not facts["running"]:
        yield "not running"
    elif facts["server"]:
        yield f"running: {facts['server']}, pid {facts['pid']}, since {facts['since']}"
    else:
        yield f"starting: {facts['stage']}"
    yield f"data directory: {facts['dataDirectory']}"
    yield f"kubeconfig: {facts['kubeconfig']}"
    yield f"objects: {_listed(facts['objects']) or 'none'}"


def contents(directory: Path) -> str:
    """Return what would be lost with a directory."""
    return f"its objects ({_listed(read_counts(directory / 'state.db')) or 'none'}) and volumes"


def read_counts(state: Path) -> dict[str, int]:
    """Return how many objects there are, by kind: ``{"jobs.batch": 2}``."""
    query = "SELECT key, COUNT(*) FROM objects GROUP BY key ORDER BY key"
    try:
        with closing(sqlite3.connect(f"{state.as_uri()}?mode=ro", uri=True)) as opened:
            rows = opened.execute(query).fetchall()
    except sqlite3.Error:  # not there, or nothing is in it yet
        return {}
    return {_qualified(key): count for key, count in rows}


def _qualified(key: str) -> str:
    group, _, plural = key.partition("/")
    return f"{plural}.{group}" if group else plural


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
