"""
Create a task instance's DataCube, or take up the one that an earlier life of the task made.

Never two transfers at once for one task instance, never somebody else's. The names are ``base``,
``base-1``, ``base-2``…, one for each finished predecessor; the name is the lock, since the API
server gives it once. Talks to the cluster through three verbs and knows no client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datacube._naming import owner_of
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError
from datacube_api.reference import CubeRef
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_datacube._naming import TaskIdentity

# Another process made the same name in the same moment, or a foreign object is in the way.
_ROUNDS = 5


class Creator(Protocol):
    """The three verbs that adoption needs."""

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new object; DataCubeConflictError where the name is taken."""

    def read(self, ref: CubeRef) -> dict[str, Any]:
        """Return the object; DataCubeNotFoundError where nothing has the name."""

    def list(self, namespace: str, *, label_selector: str = "") -> list[dict[str, Any]]:
        """Return the matching objects of a namespace."""


@dataclass(frozen=True)
class Adopted:
    """The DataCube that the task now waits for, and whether it was there before."""

    cube: dict[str, Any]
    was_there: bool


def create_or_adopt(
    cubes: Creator,
    manifest: Mapping[str, Any],
    identity: TaskIdentity,
    try_number: int,
    finish: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Adopted:
    """
    Return the one DataCube of this task instance that is not finished; make it where none is.

    A first try creates at once, one request. A later one looks first: the name of its
    predecessor may be free again (somebody deleted it) while a successor still runs.

    :param manifest: with ``metadata.namespace``; its ``name``, where it has one, is the base
    :param finish: adds to the manifest what can be said only when the name is known
    :raises DataCubeConflictError: the name belongs to somebody else.
    """
    namespace = manifest["metadata"]["namespace"]
    base = _base_name(manifest, identity)
    own: Sequence[Mapping[str, Any]] = ()
    if try_number > 1:
        own = cubes.list(namespace, label_selector=identity.selector)
    for _ in range(_ROUNDS):
        if unfinished := next(filter(_is_unfinished, own), None):
            return Adopted(dict(unfinished), was_there=True)
        name = _next_name(base, own)
        try:
            made = cubes.create(finish(_named(manifest, name, identity, try_number)))
        except DataCubeConflictError:
            own = cubes.list(namespace, label_selector=identity.selector)
            if name not in map(_name_of, own):
                _refuse_namesake(cubes, CubeRef(namespace, name), identity)
        else:
            return Adopted(made, was_there=False)
    raise DataCubeConflictError(
        f"{namespace}/{base}: the names of this task's DataCubes are taken again and again; does "
        "another process run the same task instance?",
        409,
    )


def _base_name(manifest: Mapping[str, Any], identity: TaskIdentity) -> str:
    metadata = manifest["metadata"]
    return metadata.get("name") or identity.base_name(metadata.get("generateName") or "")


def _is_unfinished(cube: Mapping[str, Any]) -> bool:
    if cube["metadata"].get("deletionTimestamp"):
        return False
    return not evaluate(cube.get("status")).phase.is_terminal


def _next_name(base: str, own: Sequence[Mapping[str, Any]]) -> str:
    """Return ``base``, or one more than the highest counter that is taken."""
    taken = [_counter(base, _name_of(cube)) for cube in own]
    counter = max(taken, default=-1) + 1
    return f"{base}-{counter}" if counter else base


def _counter(base: str, name: str) -> int:
    if name == base:
        return 0
    rest = name.removeprefix(f"{base}-")
    return int(rest) if rest != name and rest.isdecimal() else -1


def _name_of(cube: Mapping[str, Any]) -> str:
    return str(cube["metadata"]["name"])


def _named(
    manifest: Mapping[str, Any], name: str, identity: TaskIdentity, try_number: int
) -> dict[str, Any]:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "generateName"}
    labels = {**(metadata.get("labels") or {}), **identity.labels(try_number)}
    annotations = {**(metadata.get("annotations") or {}), **identity.annotations()}
    marks = {"name": name, "labels": labels, "annotations": annotations}
    return {**manifest, "metadata": {**metadata, **marks}}


def _refuse_namesake(cubes: Creator, ref: CubeRef, identity: TaskIdentity) -> None:
    """Say whose the name is; return where it has become free or ours meanwhile."""
    try:
        holder = cubes.read(ref)
    except DataCubeNotFoundError:
        return
    if not identity.owns(holder):
        raise DataCubeConflictError(
            f"{ref}: the name is taken, and its DataCube {owner_of(holder)}; leave name out, put "
            "a template of the run into it ('{{ ts_nodash | lower }}'), or delete that DataCube",
            409,
        )
