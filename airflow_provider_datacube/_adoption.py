"""
Create a task instance's DataCube, or take up the one that an earlier life of the task made.

Never two transfers at once for one task instance, never two for one try, never somebody else's.
The names are ``base``, ``base-1``, ``base-2``…, one for each finished predecessor; the name is the
lock, since the API server gives it once. Talks to the cluster through four verbs and knows no
client.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datacube._naming import owner_of
from airflow_provider_datacube._settings import LONGEST_NAMES
from datacube_api.errors import (
    DataCubeConflictError,
    DataCubeForbiddenError,
    DataCubeNotFoundError,
)
from datacube_api.reference import CubeRef
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_datacube._holding import Try
    from airflow_provider_datacube._naming import TaskIdentity

# Another process made the same name in the same moment, or a foreign object is in the way.
_ROUNDS = 5


class Creator(Protocol):
    """The four verbs that adoption needs."""

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new object; DataCubeConflictError where the name is taken."""

    def read(self, ref: CubeRef) -> dict[str, Any]:
        """Return the object; DataCubeNotFoundError where nothing has the name."""

    def list(self, namespace: str, *, label_selector: str = "") -> list[dict[str, Any]]:
        """Return the matching objects of a namespace."""

    def patch(self, ref: CubeRef, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object with the changes merged in; DataCubeConflictError: it is another."""


@dataclass(frozen=True)
class Adopted:
    """The DataCube that the task now waits for, and whether it was there before."""

    cube: dict[str, Any]
    was_there: bool


def create_or_adopt(
    cubes: Creator,
    manifest: Mapping[str, Any],
    this: Try,
    finish: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Adopted:
    """
    Return the one DataCube that this try or an unfinished earlier one made; make it where none is.

    A first try creates at once, one request. A later one looks first: the name of its
    predecessor may be free again (somebody deleted it) while a successor still runs.

    :param manifest: with ``metadata.namespace``; its ``name``, where it has one, is the base
    :param finish: adds to the manifest what can be said only when the name is known
    :raises DataCubeConflictError: the name belongs to somebody else, or the task to a later try.
    """
    namespace = manifest["metadata"]["namespace"]
    base = _base_name(manifest, this.identity)
    selector = this.identity.selector
    own = cubes.list(namespace, label_selector=selector) if this.number > 1 else []
    for _ in range(_ROUNDS):
        _refuse_to_be_late(own, this)
        if there := _to_adopt(own, this):
            adopted = _take(cubes, there, this)
        else:
            named = _named(manifest, _next_name(base, own), this)
            adopted = _make(cubes, finish(named), this)
        if adopted is not None:
            return adopted
        own = cubes.list(namespace, label_selector=selector)
    raise DataCubeConflictError(
        f"{namespace}/{base}: the names of this task's DataCubes are taken again and again; does "
        "another process run the same task instance?",
        HTTPStatus.CONFLICT,
    )


def _refuse_to_be_late(own: Sequence[Mapping[str, Any]], this: Try) -> None:
    """Begin nothing beside a later try: Airflow has given this one up, and will end it."""
    if late := [_name_of(cube) for cube in own if this.is_before(cube)]:
        raise DataCubeConflictError(
            f"DataCube {late[0]!r} is held by a later try of this task; this one has been given up",
            HTTPStatus.CONFLICT,
        )


def _to_adopt(own: Sequence[dict[str, Any]], this: Try) -> dict[str, Any] | None:
    """
    Return the one to take up.

    That is, finished or not, the one that this very try made, whose answer was lost.
    """
    living = [cube for cube in own if not cube["metadata"].get("deletionTimestamp")]
    mine = filter(this.holds, living)
    return next(mine, None) or next(filter(_is_unfinished, living), None)


def _take(cubes: Creator, cube: dict[str, Any], this: Try) -> Adopted | None:
    """Write down that this try holds it; None where it has changed since it was read."""
    if this.holds(cube):
        return Adopted(cube, was_there=True)
    unchanged = {"resourceVersion": cube["metadata"]["resourceVersion"]}
    try:
        taken = cubes.patch(CubeRef.of(cube), {"metadata": {**unchanged, **this.marks()}})
    except (DataCubeConflictError, DataCubeNotFoundError):
        return None
    except DataCubeForbiddenError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        taken = cube  # waited for, though not held
    return Adopted(taken, was_there=True)


def _make(cubes: Creator, manifest: Mapping[str, Any], this: Try) -> Adopted | None:
    """Create it; None where the task has one of that name, or had in that moment."""
    try:
        return Adopted(cubes.create(manifest), was_there=False)
    except DataCubeConflictError:
        metadata = manifest["metadata"]
        _refuse_namesake(cubes, CubeRef(metadata["namespace"], metadata["name"]), this.identity)
        return None


def _base_name(manifest: Mapping[str, Any], identity: TaskIdentity) -> str:
    metadata = manifest["metadata"]
    return metadata.get("name") or identity.base_name(metadata.get("generateName") or "")


def _is_unfinished(cube: Mapping[str, Any]) -> bool:
    return not evaluate(cube.get("status")).phase.is_terminal


def _next_name(base: str, own: Sequence[Mapping[str, Any]]) -> str:
    """Return ``base``, or one more than the highest counter that is taken."""
    taken = [_counter(base, _name_of(cube)) for cube in own]
    counter = max(taken, default=-1) + 1
    return _successor(base, counter) if counter else base


def _counter(base: str, name: str) -> int:
    if name == base:
        return 0
    counter = name.rpartition("-")[2]
    is_ours = counter.isdecimal() and name == _successor(base, int(counter))
    return int(counter) if is_ours else -1


def _successor(base: str, counter: int) -> str:
    """Return the name with its counter, cut where both together are too long for one."""
    suffix = f"-{counter}"
    return base[: LONGEST_NAMES["name"] - len(suffix)].rstrip(".-") + suffix


def _name_of(cube: Mapping[str, Any]) -> str:
    return str(cube["metadata"]["name"])


def _named(manifest: Mapping[str, Any], name: str, this: Try) -> dict[str, Any]:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "generateName"}
    marks = {kind: {**(metadata.get(kind) or {}), **own} for kind, own in this.marks().items()}
    return {**manifest, "metadata": {**metadata, "name": name, **marks}}


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
            HTTPStatus.CONFLICT,
        )
