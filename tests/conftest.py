"""The options of all tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


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
