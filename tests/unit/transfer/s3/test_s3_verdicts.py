from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.s3.heads import Head
from datacube_runtime.transfer.s3.listing import Source
from datacube_runtime.transfer.s3.sums import Sum
from datacube_runtime.transfer.s3.uri import Uri
from datacube_runtime.transfer.s3.verified import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATA = bytes(6 * 1024**2)
GOOD, BAD = hashlib.md5(DATA, usedforsecurity=False).digest(), bytes(16)
WHOLE, PARTS = {"etag": f'"{GOOD.hex()}"'}, {"etag": f'"{GOOD.hex()}-2"'}
DECLARED, BY_ETAG = (lambda d: Sum("md5", d)), (lambda d: Sum("md5", d, is_declared=False))


class Answers:
    """Heads, by the name of the object: headers, and the sums that can be computed."""

    def __init__(self, **told: tuple[dict[str, str], list[Sum]] | None) -> None:
        self.told = told

    def of(self, uri: Uri) -> Head | None:
        answer = self.told[uri.name]
        return Head(len(DATA), answer[0]) if answer else None

    def sums(self, uri: Uri, head: Head) -> Iterator[Sum]:
        answer = self.told[uri.name]
        assert answer
        assert head.headers == answer[0]
        yield from answer[1]


@pytest.fixture
def after(tmp_path: Path) -> Callable[..., set[str]]:
    """Return the names of the files that are there after they were compared."""

    def compare(check: Callable[[], None] = lambda: None, **told: Any) -> set[str]:
        (tmp_path / ".marker").touch()
        for name in told:
            (tmp_path / name).write_bytes(DATA)
        engine = SimpleNamespace(check=check)
        rclone: Any = SimpleNamespace(
            uri=Uri("b", "p"),
            extra_args=SimpleNamespace(names=frozenset()),
            workshop=SimpleNamespace(engine=engine),
        )
        heads: Any = Answers(**told)
        source = Source(is_object=False, sizes=dict.fromkeys(told, len(DATA)))
        try:
            verify(rclone, heads, source, tmp_path, ".marker")
        finally:
            compare.left = {p.name for p in tmp_path.iterdir()} - {".marker"}  # type: ignore[attr-defined]
        return compare.left  # type: ignore[attr-defined, no-any-return]

    return compare


@pytest.mark.parametrize(
    "told",
    [
        {"a": (PARTS, [DECLARED(GOOD)])},
        {"a": (PARTS, [DECLARED(BAD), DECLARED(GOOD)])},
        {"a": (PARTS, [DECLARED(BAD), BY_ETAG(GOOD)])},
        {"a": (PARTS, [BY_ETAG(BAD)])},
        {"a": (PARTS, [BY_ETAG(BAD)]), "b": (PARTS, [DECLARED(GOOD)])},
        {"a": (PARTS, [])},
        {"a": (WHOLE, [DECLARED(BAD)])},  # rclone has compared it
        {"a": None},
    ],
)
def test_what_may_be_right_stays(after: Callable[..., set[str]], told: Any) -> None:
    assert after(**told) == set(told)


@pytest.mark.parametrize(
    "told",
    [
        {"bad": (PARTS, [DECLARED(BAD)])},
        {"bad": (PARTS, [DECLARED(BAD), BY_ETAG(BAD)])},
        {"bad": (PARTS, [BY_ETAG(BAD), DECLARED(BAD)]), "b": (PARTS, [DECLARED(GOOD)])},
        {"bad": (PARTS, [BY_ETAG(BAD)]), "b": (PARTS, [BY_ETAG(GOOD)])},
    ],
)
def test_what_is_wrong_is_gone_and_named(after: Any, told: Any) -> None:
    with pytest.raises(TransferError) as error:
        after(**told)
    assert error.value.reason is Reason.VERIFICATION_FAILED
    assert "s3://b/p/bad; try again" in str(error.value)
    assert after.left == set(told) - {"bad"}


@pytest.mark.parametrize("sums", [[], [BY_ETAG(BAD)]])
def test_what_nobody_can_tell_is_told(
    after: Callable[..., set[str]], sums: list[Sum], caplog: pytest.LogCaptureFixture
) -> None:
    after(a=(PARTS, sums), b=(PARTS, [DECLARED(GOOD)]))
    (line,) = caplog.messages
    assert line.endswith("only the size was compared: s3://b/p/a")


def test_it_can_be_cancelled(after: Callable[..., set[str]]) -> None:
    asked = []

    def check() -> None:
        asked.append(1)
        raise TransferError(Reason.CANCELLED, "cancelled")

    with pytest.raises(TransferError, match="cancelled"):
        after(check, **{f"f{n}": (PARTS, [DECLARED(GOOD)]) for n in range(50)})
    assert len(asked) < 50
