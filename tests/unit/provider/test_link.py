from __future__ import annotations

import pytest

from airflow_provider_datacube.links.datacube import DataCubeLink, filled_in


def test_the_link_names_the_object() -> None:
    made = {"namespace": "ml", "name": "a-1", "uid": "u/1"}
    url = filled_in("https://d.example.org/{namespace}/{name}?id={uid}&x={other}", made)
    assert url == "https://d.example.org/ml/a-1?id=u%2F1&x={other}"


def test_without_an_address_there_is_no_link() -> None:
    assert DataCubeLink().get_link(None, ti_key=None) == ""  # type: ignore[arg-type]  # not looked at


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert('{name}')//https://d.example.org",
        "data:text/html,{name}",
        "//d.example.org/{name}",
        "d.example.org/{name}",
        "https:///{name}",
        "https://{name}.example.org",
        "https://user@{name}",
    ],
)
def test_only_an_address_of_the_web_is_a_link(template: str) -> None:
    assert filled_in(template, {"namespace": "ml", "name": "a-1", "uid": "u"}) == ""


def test_what_is_put_in_is_escaped_and_never_read_again() -> None:
    made = {"namespace": "{name}", "name": "a/../b?c#d'\"<", "uid": "u"}
    url = filled_in("HTTPS://d.example.org/{namespace}/{name}", made)
    assert url == "HTTPS://d.example.org/%7Bname%7D/a%2F..%2Fb%3Fc%23d%27%22%3C"
