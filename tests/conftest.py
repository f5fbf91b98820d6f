"""The options of all tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# A busy machine is slow; that is no finding.
settings.register_profile("any-machine", settings.default, deadline=None)
settings.load_profile("any-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kubeconfig",
        type=Path,
        help="ask this real API server too: tests/conformance, tests/contract",
    )
    parser.addoption(
        "--large",
        action="store_true",
        help="move objects of more than 5 GiB too: minutes, and 11 GiB of disk",
    )
