from __future__ import annotations

import pytest

from datacube_runtime.local.apiserver.accepts import JSON, YAML, Choice, chosen
from datacube_runtime.local.registry.errors import ApiStatusError

META = "v=v1;g=meta.k8s.io"
KUBECTL = (
    f"application/json;as=Table;{META},application/json;as=Table;v=v1beta1;g=meta.k8s.io,{JSON}"
)
OLDER = f"{JSON};as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io"
PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("accept", "choice"),
    [
        ("", Choice()),
        ("*/*", Choice()),
        (JSON, Choice()),
        (YAML, Choice(YAML)),
        (f"{JSON};q=0.5, {YAML}", Choice(YAML)),
        (f"text/html, {JSON};q=0.1", Choice()),
        (f"{PROTOBUF},{JSON}", Choice()),
        (KUBECTL, Choice(JSON, "Table")),
        (f"{JSON};as=Table;v=v9;g=meta.k8s.io,{JSON}", Choice()),
        (OLDER, Choice(JSON, "PartialObjectMetadata", "v1beta1")),
        (f"{JSON};stream=watch", Choice()),
        (f"{JSON};q=much", Choice()),
    ],
)
def test_the_best_that_is_spoken_is_chosen(accept: str, choice: Choice) -> None:
    assert chosen(accept, is_custom=False, is_collection=False) == choice


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};as=Table", PROTOBUF])
@pytest.mark.parametrize("is_custom", [False, True])
def test_what_is_not_spoken_is_refused(accept: str, *, is_custom: bool) -> None:
    with pytest.raises(ApiStatusError) as caught:
        chosen(accept, is_custom=is_custom, is_collection=True)
    assert (caught.value.code, caught.value.reason) == (406, "NotAcceptable")


def test_who_takes_protobuf_only_is_told_that_it_is_not_written() -> None:
    with pytest.raises(ApiStatusError, match="does not write protobuf"):
        chosen(PROTOBUF, is_custom=False, is_collection=False)
