from __future__ import annotations

import json
from contextlib import closing, suppress
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.store import ForgottenError, NotStoredError, Store, TakenError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "/things"


def thing(name: str, namespace: str = "n", **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", **meta}}


def names(store: Store, at: int | None = None) -> list[str]:
    return [row.name for row in store.list(KEY, None, at)]


def kinds(store: Store, since: int, namespace: str | None = None) -> list[tuple[int, str, str]]:
    return [(e.version, e.kind, e.name) for e in store.changes(KEY, namespace, since)]


def test_each_change_gets_the_next_version(store: Store) -> None:
    first = store.put(KEY, thing("a"))
    second = store.put(KEY, thing("b"))
    assert [first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]] == [
        "1",
        "2",
    ]
    assert store.version == 2


def test_what_is_read_is_a_copy(store: Store) -> None:
    store.put(KEY, thing("a"))
    read = store.get(KEY, "n", "a")
    assert read is not None
    read["metadata"]["name"] = "changed"
    assert names(store) == ["a"]


def test_objects_and_versions_survive_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.put(KEY, thing("a"))
    store.remove(KEY, store.put(KEY, thing("b")))
    store.close()
    again = Store(tmp_path / "db")
    assert names(again) == ["a"]
    assert again.version == 3
    assert kinds(again, 1) == [(2, "ADDED", "b"), (3, "DELETED", "b")]
    assert again.put(KEY, thing("c"))["metadata"]["resourceVersion"] == "4"
    again.close()


def test_changes_are_told_from_a_version_on(store: Store) -> None:
    store.put(KEY, thing("a"))
    store.put(KEY, thing("a"))
    store.put(KEY, thing("b", namespace="other"))
    assert kinds(store, 0) == [(1, "ADDED", "a"), (2, "MODIFIED", "a"), (3, "ADDED", "b")]
    assert kinds(store, 1, "n") == [(2, "MODIFIED", "a")]
    assert kinds(store, 3) == []


def test_only_a_window_of_changes_is_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path / "db", window=4)
    for _ in range(10):
        store.put(KEY, thing("a"))
    assert [version for version, *_ in kinds(store, 6)] == [7, 8, 9, 10]
    with pytest.raises(ForgottenError) as caught:
        kinds(store, 5)
    assert caught.value.oldest == 6
    store.close()


def test_the_counter_survives_even_if_nothing_else_does(tmp_path: Path) -> None:
    store = Store(tmp_path / "db", window=1)
    store.remove(KEY, store.put(KEY, thing("a")))
    store.close()
    again = Store(tmp_path / "db", window=1)
    assert again.version == 2
    again.close()


def test_an_old_list_is_rebuilt_from_the_log(store: Store) -> None:
    store.put(KEY, thing("a"))
    store.put(KEY, thing("b"))
    store.put(KEY, thing("b", labels={"x": "1"}))
    store.remove(KEY, thing("a"))
    store.put(KEY, thing("c"))
    assert names(store) == ["b", "c"]
    assert names(store, at=2) == ["a", "b"]
    assert "labels" not in store.list(KEY, "n", 2)[1].object["metadata"]
    assert names(store, at=0) == []


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    store.put(KEY, thing("a"))

    def change_and_fail() -> None:
        with store.transaction():
            store.put(KEY, thing("b"))
            store.remove(KEY, thing("a"))
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised three lines above
        change_and_fail()
    assert names(store) == ["a"]
    assert store.version == 1
    assert store.put(KEY, thing("c"))["metadata"]["resourceVersion"] == "2"


async def test_a_watcher_is_woken_after_the_whole_transaction(store: Store) -> None:
    with store.subscribed(KEY) as changed:
        with store.transaction():
            store.put(KEY, thing("a"))
            assert not changed.is_set()
        assert changed.is_set()


async def test_a_watcher_of_another_resource_sleeps_on(store: Store) -> None:
    with store.subscribed("/others") as changed:
        store.put(KEY, thing("a"))
        assert not changed.is_set()


def test_dependents_are_found_by_their_owner(store: Store) -> None:
    store.put(KEY, thing("a", ownerReferences=[{"uid": "owner"}]))
    store.put(KEY, thing("b"))
    assert [row.name for row in store.owned_by("owner")] == ["a"]
    store.put(KEY, thing("a"))
    assert store.owned_by("owner") == []


def test_what_is_added_can_be_found_watched_and_changed(store: Store) -> None:
    store.add(KEY, thing("a", ownerReferences=[{"uid": "owner"}]))
    store.put(KEY, thing("a"))
    assert kinds(store, 0) == [(1, "ADDED", "a"), (2, "MODIFIED", "a")]
    assert store.owned_by("owner") == []


def test_nothing_can_be_added_over_what_is_there(store: Store) -> None:
    store.put(KEY, thing("a"))
    with pytest.raises(TakenError):
        store.add(KEY, thing("a"))
    assert kinds(store, 0) == [(1, "ADDED", "a")]


def test_whether_an_object_is_leaving_is_known_without_reading_it(store: Store) -> None:
    store.put(KEY, thing("a"))
    store.put(KEY, thing("b", deletionTimestamp="2026-01-01T00:00:00Z"))
    asked = [store.is_terminating(KEY, "n", name) for name in ("a", "b", "c")]
    assert asked == [False, True, None]


def test_it_is_known_as_soon_as_it_changes(store: Store) -> None:
    def is_leaving() -> bool | None:
        return store.is_terminating(KEY, "n", "a")

    assert is_leaving() is None
    store.put(KEY, thing("a"))
    assert is_leaving() is False
    with suppress(ZeroDivisionError), store.transaction():
        store.put(KEY, thing("a", deletionTimestamp="2026-01-01T00:00:00Z"))
        assert is_leaving() is True
        1 / 0  # noqa: B018 - something goes wrong, and nothing of it was
    assert is_leaving() is False
    store.remove(KEY, thing("a"))
    assert is_leaving() is None


def test_everything_in_a_namespace_is_found_whatever_its_kind(store: Store) -> None:
    for key in ("/a", "/b", "c/d"):
        store.put(key, thing("x"))
        store.put(key, thing("x", namespace="other", uid=f"other-{key}"))
    assert [row.key for row in store.in_namespace("n")] == ["/a", "/b", "c/d"]
    assert store.in_namespace("none") == []


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "db")) as old:
        old.executescript(
            "CREATE TABLE objects (key TEXT, namespace TEXT, name TEXT, uid TEXT, "
            "terminating INTEGER, body TEXT, PRIMARY KEY (key, namespace, name)) WITHOUT ROWID;"
            "CREATE INDEX objects_by_namespace ON objects (namespace);"
        )
        body = json.dumps(thing("é", note="\ud800"))
        old.execute("INSERT INTO objects VALUES (?, 'n', 'é', 'u', 0, ?)", (KEY, body))
        old.commit()
    store = Store(tmp_path / "db")
    store.put(KEY, thing("b"))
    assert store.get(KEY, "n", "é") == thing("é", note="\ud800")
    assert [row.name for row in store.in_namespace("n")] == ["b", "é"]
    store.close()


def test_a_slow_reader_is_told_that_it_missed_something(tmp_path: Path) -> None:
    store = Store(tmp_path / "db", window=600)
    for _ in range(501):  # one more than a batch
        store.put(KEY, thing("a"))
    changes = store.changes(KEY, None, 0)
    for _ in range(500):
        next(changes)
    for _ in range(1300):
        store.put(KEY, thing("a"))
    with pytest.raises(ForgottenError):
        next(changes)
    store.close()


def test_a_full_disk_refuses_a_change_as_a_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.put(KEY, thing("a"))
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")

    def change_much() -> None:
        with store.transaction():
            store.put(KEY, thing("b"))
            store.put(KEY, thing("c", annotations={"x": "y" * 50_000}))

    with pytest.raises(NotStoredError, match="full"):
        change_much()
    assert (names(store), store.version) == (["a"], 1)
    assert kinds(store, 0) == [(1, "ADDED", "a")]
    store._db.execute("PRAGMA max_page_count = 1000000")
    change_much()
    assert (names(store), store.version) == (["a", "b", "c"], 3)
    store.close()
