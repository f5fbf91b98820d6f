from __future__ import annotations

from datacube_api.direction import ServiceType
from datacube_runtime.transfer.backends import BACKENDS


def test_every_service_of_the_contract_has_its_backend() -> None:
    assert set(BACKENDS) == set(ServiceType)
    assert len(set(BACKENDS.values())) == len(BACKENDS)
