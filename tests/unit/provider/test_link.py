from __future__ import annotations

from airflow_provider_datacube.links.datacube import DataCubeLink, filled_in


def test_the_link_names_the_object() -> None:
    made = {"namespace": "ml", "name": "a-1", "uid": "u/1"}
    url = filled_in("https://d.example.org/{namespace}/{name}?id={uid}&x={other}", made)
    assert url == "https://d.example.org/ml/a-1?id=u%2F1&x={other}"


def test_without_an_address_there_is_no_link() -> None:
    assert DataCubeLink().get_link(None, ti_key=None) == ""  # type: ignore[arg-type]  # not looked at
