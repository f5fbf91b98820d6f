"""
What Go says of text that is no JSON, from what Python found.

At most one letter of the text is repeated: the rest may hold a secret.

Source: the errors of scanner.go in sigs.k8s.io/json, internal/golang/encoding/json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from json import JSONDecodeError

_END = "unexpected end of JSON input"
_WHERE = {
    "Expecting value": "looking for beginning of value",
    "Expecting digits": "in numeric literal",
    "Expecting property name enclosed in double quotes": (
        "looking for beginning of object key string"
    ),
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}


def in_go_words(error: JSONDecodeError) -> str:
    """Return the error as Go words it."""
    rest = error.doc[error.pos :].strip()
    where = _WHERE.get(error.msg)
    if where is None or not rest:
        return _END
    return f"invalid character '{rest[0]}' {where}"
