"""
What the watches have brought so far, findable by name and by owner without a search.

A store is only ever as new as its watch; who must know better asks the API server.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datacube_api.naming import CUBE_LABEL
from datacube_runtime.controller.objects import Key, controller_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacube_runtime.controller.objects import Obj


class Store:
    """The objects of one kind."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Obj] = {}
        self._by_uid: dict[str, Obj] = {}
        self._by_owner: dict[str, tuple[Obj, ...]] = {}
        self._labelled: Counter[tuple[str, str]] = Counter()

    def get(self, key: Key) -> Obj | None:
        """Return the object of a name."""
        return self._by_key.get(key)

    def with_uid(self, uid: str) -> Obj | None:
        """Return the object of an identity."""
        return self._by_uid.get(uid)

    def owned_by(self, uid: str) -> tuple[Obj, ...]:
        """Return the objects that the object of this uid controls."""
        return self._by_owner.get(uid, ())

    def has_label(self, namespace: str, label: str) -> bool:
        """Tell whether any object of a namespace is labelled as of the DataCube of this label."""
        return (namespace, label) in self._labelled

    def all_keys(self) -> tuple[Key, ...]:
        """Return where all of them are."""
        return tuple(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def all_of(self, namespace: str) -> tuple[Obj, ...]:
        """Return those of a namespace."""
        return tuple(obj for key, obj in self._by_key.items() if key.namespace == namespace)

    def put(self, obj: Obj) -> None:
        """Take up an object, in place of an older one of its name."""
        self.remove(obj)
        key = Key.of(obj)
        self._by_key[key] = self._by_uid[uid_of(obj)] = obj
        if owner := controller_of(obj).get("uid"):
            self._by_owner[owner] = (*self.owned_by(owner), obj)
        if label := _label(obj):
            self._labelled[key.namespace, label] += 1

    def remove(self, obj: Obj) -> None:
        """Forget the object that has the name of this one."""
        key = Key.of(obj)
        if (old := self._by_key.pop(key, None)) is None:
            return
        del self._by_uid[uid_of(old)]
        if owner := controller_of(old).get("uid"):
            rest = tuple(obj for obj in self.owned_by(owner) if obj is not old)
            self._by_owner[owner] = rest
            if not rest:
                del self._by_owner[owner]
        if label := _label(old):
            self._labelled[key.namespace, label] -= 1
            if not self._labelled[key.namespace, label]:
                del self._labelled[key.namespace, label]

    def replace(self, items: Iterable[Obj], namespace: str | None = None) -> tuple[Obj, ...]:
        """
        Hold exactly these objects (of a namespace); return those that are new, changed or gone.

        After a gap in a watch nobody says what was deleted meanwhile: the difference does.
        """
        new = {Key.of(item): item for item in items}
        gone = [
            obj
            for key, obj in self._by_key.items()
            if key not in new and namespace in (None, key.namespace)
        ]
        changed = [obj for key, obj in new.items() if _version(obj) != self._version_of(key)]
        for obj in gone:
            self.remove(obj)
        for obj in changed:
            self.put(obj)
        return (*gone, *changed)

    def _version_of(self, key: Key) -> object:
        held = self._by_key.get(key)
        return None if held is None else _version(held)


def _label(obj: Obj) -> str | None:
    return (obj["metadata"].get("labels") or {}).get(CUBE_LABEL)


def _version(obj: Obj) -> tuple[str, str]:
    return uid_of(obj), obj["metadata"]["resourceVersion"]
