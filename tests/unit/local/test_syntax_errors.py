from __future__ import annotations

import json

import pytest

from datacube_runtime.local.apiserver.syntaxerrors import in_go_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ('{"a": ', "unexpected end of JSON input"),
        ('{"a', "unexpected end of JSON input"),
        ("{nope", "invalid character 'n' looking for beginning of object key string"),
        ("nope", "invalid character 'n' looking for beginning of value"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        ("{} x", "invalid character 'x' after top-level value"),
    ],
)
def test_a_text_that_is_no_json_is_refused_in_gos_words(text: str, words: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert in_go_words(caught.value) == words
