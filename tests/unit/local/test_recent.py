from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.recent import Event, Recent
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from pathlib import Path

KEY = "/things"


def event(version: int, text: str = "") -> Event:
    return Event(version, "n", "a", "MODIFIED", json.dumps({"text": text}), "")


def versions(recent: Recent, since: int) -> list[int] | None:
    found = recent.after(KEY, since)
    return None if found is None else [one.version for one in found]


def thing(name: str, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "uid": f"uid-{name}", **meta}}


def test_what_is_after_a_version_is_told_oldest_first() -> None:
    recent = Recent(10)
    for version in (11, 13, 14):
        recent.add(KEY, event(version))
    assert versions(recent, 10) == [11, 13, 14]
    assert versions(recent, 12) == [13, 14]
    assert versions(recent, 14) == []


def test_what_was_before_is_for_the_log_to_tell() -> None:
    recent = Recent(10)
    assert versions(recent, 9) is None
    recent.add(KEY, event(11))
    assert versions(recent, 9) is None
    assert recent.after("/others", 9) is None
    assert recent.after("/others", 10) == []


def test_only_so_many_changes_are_kept() -> None:
    recent = Recent(0)
    for version in range(1, 1001):
        recent.add(KEY, event(version))
    assert versions(recent, 743) is None
    assert versions(recent, 744) == list(range(745, 1001))


def test_only_so_much_text_is_kept() -> None:
    recent = Recent(0)
    for version in (1, 2, 3):
        recent.add(KEY, event(version, "x" * 200_000))
    assert versions(recent, 0) is None
    assert versions(recent, 1) == [2, 3]


def test_a_change_is_one_object_for_all_who_look_at_it(store: Store) -> None:
    store.put(KEY, thing("a"))
    (one,), (other,) = store.changes(KEY, None, 0), store.changes(KEY, "n", 0)
    assert one is other
    assert one.object is other.object


def test_what_was_undone_is_not_told(store: Store) -> None:
    def change_and_fail() -> None:
        with store.transaction():
            store.put(KEY, thing("b"))
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised two lines above
        change_and_fail()
    store.put(KEY, thing("c"))
    assert [one.name for one in store.changes(KEY, None, 0)] == ["c"]


def test_memory_and_the_log_tell_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    for number in range(300):
        obj = store.put(KEY, thing(f"a{number % 7}", labels={"n": str(number)}))
        if number % 5 == 0:
            store.remove(KEY, obj)
    again = Store(tmp_path / "db")
    for since in (0, 50, 103, 104, 200, 359, 360):
        remembered = list(store.changes(KEY, None, since))
        assert [_told(one) for one in remembered] == [
            _told(one) for one in again.changes(KEY, None, since)
        ]
        assert [one.version for one in remembered] == list(range(since + 1, 361))
    store.close()
    again.close()


def _told(one: Event) -> tuple[int, str, str, str, str]:
    return one.version, one.name, one.kind, one.body, one.previous
