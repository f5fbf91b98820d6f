from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.exit import TransferError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def refusal() -> Callable[..., tuple[str, str]]:
    """Return reason and message of the error that a call ends in."""

    def call(function: Callable[..., object], *args: object) -> tuple[str, str]:
        with pytest.raises(TransferError) as raised:
            function(*args)
        return str(raised.value.reason), str(raised.value)

    return call
