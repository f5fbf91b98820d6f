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
        help="ask this real API server too: tests/conformance, tests/contract, tests/cluster",
    )
    group = parser.getgroup("tests/cluster, on the cluster that --kubeconfig names")
    group.addoption("--image", default="", help="of the transfer pods, as the cluster can pull it")
    group.addoption("--storage-class", default="", help="of the volumes; the cluster's own without")
    text = "of this machine, as pods reach it (%(default)s)"
    group.addoption("--address", default="127.0.0.1", help=text)
    text = "the controller: started here for the tests (%(default)s), or there already"
    group.addoption("--controller", choices=("here", "there"), default="here", help=text)
    parser.addoption(
        "--large",
        action="store_true",
        help="move objects of more than 5 GiB too: minutes, and 11 GiB of disk",
    )
