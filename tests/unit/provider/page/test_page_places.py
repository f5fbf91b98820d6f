from __future__ import annotations

import pytest

from airflow_provider_datacube._page.places import Place, places_of


def test_places_are_connections_with_or_without_a_namespace() -> None:
    read = places_of(" kubernetes_default, other@ns1 ,other@ns2,, other@ns1")
    assert read == (Place("kubernetes_default"), Place("other", "ns1"), Place("other", "ns2"))


@pytest.mark.parametrize("wrong", ["@ns", "conn@", "a@b@c", "good, @"])
def test_what_is_no_place_is_named_with_the_mend(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"ui_connections: '.*' is neither .* by commas"):
        places_of(wrong)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="ui_connections is empty: name a connection"):
        places_of(" , ")
