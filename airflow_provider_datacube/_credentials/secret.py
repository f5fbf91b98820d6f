"""
The Secret of a DataCube: made after it, owned by it, gone with it.

The DataCube comes first, since its uid is the owner; its pod waits until the Secret is there. A
worker that dies between the two leaves a DataCube that the next try adopts, and here it gets what
it lacks. The name is the lock: whatever has it already is left, replaced or refused, and never read
but to tell which.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_provider_datacube._naming import IDENTITY_LABEL, PREFIX, owner_of
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError
from datacube_api.reference import API_VERSION, KIND, CubeRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]

_SUFFIX: Final = "-credentials"
_LONGEST_NAME: Final = 253
# Another process made it in the same moment, or one that is being deleted takes its time.
_ROUNDS: Final = 5


class Keeper(Protocol):
    """The three verbs that it takes."""

    def create(self, manifest: Manifest) -> None:
        """Create a Secret; DataCubeConflictError where the name is taken."""

    def read(self, namespace: str, name: str) -> dict[str, Any]:
        """Return a Secret; DataCubeNotFoundError where nothing has the name."""

    def delete(self, namespace: str, name: str, uid: str = "") -> None:
        """Delete a Secret, and only the one of that uid."""


def secret_name(cube_name: str) -> str:
    """Return the name of a DataCube's Secret; short enough, whatever the DataCube is called."""
    name = f"{cube_name}{_SUFFIX}"
    if len(name) <= _LONGEST_NAME:
        return name
    mark = hashlib.sha256(cube_name.encode()).hexdigest()[:8]
    return f"{cube_name[: _LONGEST_NAME - len(_SUFFIX) - 9].rstrip('-.')}-{mark}{_SUFFIX}"


def secret_manifest(  # noqa: PLR0913 - what a Secret has; keyword-only
    name: str,
    values: Mapping[str, str],
    *,
    namespace: str,
    owner: CubeRef | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a Secret, owned by a DataCube where one is named."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    if owner is not None:
        reference = {"apiVersion": API_VERSION, "kind": KIND, "name": owner.name, "uid": owner.uid}
        metadata["ownerReferences"] = [reference]
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def secret_of(cube: Manifest, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the Secret of a DataCube: its labels, and the marks that say whose it is."""
    meta, ref = cube["metadata"], CubeRef.of(cube)
    annotations = meta.get("annotations") or {}
    return secret_manifest(
        secret_name(ref.name),
        values,
        namespace=ref.namespace,
        owner=ref,
        labels=meta.get("labels"),
        annotations={key: text for key, text in annotations.items() if key.startswith(PREFIX)},
    )


def provide(secrets: Keeper, wanted: Manifest) -> None:
    """
    See to it that the Secret is there, and is this one.

    :raises DataCubeConflictError: the name belongs to somebody else.
    """
    namespace, name = wanted["metadata"]["namespace"], wanted["metadata"]["name"]
    for _ in range(_ROUNDS):
        try:
            secrets.create(wanted)
        except DataCubeConflictError:
            pass
        else:
            return
        try:
            held = secrets.read(namespace, name)
        except DataCubeNotFoundError:
            continue
        if not _is_of_same_task(held, wanted):
            raise _taken(namespace, name, held)
        if _is_right(held, wanted):
            return
        secrets.delete(namespace, name, held["metadata"]["uid"])
    raise DataCubeConflictError(
        f"Secret {namespace}/{name}: the name is taken again and again; does another process run "
        "the same task instance?",
        409,
    )


def _is_of_same_task(held: Manifest, wanted: Manifest) -> bool:
    ours, theirs = (
        (secret["metadata"].get("labels") or {}).get(IDENTITY_LABEL) for secret in (wanted, held)
    )
    return ours is not None and bool(ours == theirs)


def _is_right(held: Manifest, wanted: Manifest) -> bool:
    """Tell whether it can stay: the values are these, and its owner is this very DataCube."""
    owners = {owner["uid"] for owner in held["metadata"].get("ownerReferences") or ()}
    is_owned = owners == {owner["uid"] for owner in wanted["metadata"]["ownerReferences"]}
    is_going = "deletionTimestamp" in held["metadata"]
    return is_owned and not is_going and held.get("data") == wanted["data"]


def _taken(namespace: str, name: str, held: Manifest) -> DataCubeConflictError:
    return DataCubeConflictError(
        f"Secret {namespace}/{name}: the name is taken, and that Secret {owner_of(held)}; delete "
        "it, or give the DataCube another name",
        409,
    )
