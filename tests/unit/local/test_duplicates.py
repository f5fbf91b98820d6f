from __future__ import annotations

import pytest

from datacube_runtime.local.apiserver.duplicates import twice


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b'{"a":1,"b":{"a":1}}', []),
        (b'{"a":1,"a":1,"a":2}', ["a"]),
        (b'{"a":{"b":1,"b":1},"c":1,"c":1}', ["a.b", "c"]),
        (b'{"a":[{"b":1},{"c":[[{"d":1,"d":1}]]}]}', ["a[1].c[0][0].d"]),
        (b'[["a",1],["a",1]]', []),
        (b"", []),
        (b"a: 1\na: 1\n", []),
        (b"\xff", []),
    ],
)
def test_keys_that_stand_twice_are_told_by_their_paths(body: bytes, paths: list[str]) -> None:
    assert twice(body) == [f'duplicate field "{path}"' for path in paths]
