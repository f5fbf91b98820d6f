"""The suite itself, as ``make test-cluster`` starts it: it leaves no namespace behind."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import until
from tests.rights.building import ROOT

if TYPE_CHECKING:
    from tests.cluster.conftest import Space

pytestmark = pytest.mark.timeout(300)

QUICK = "tests/cluster/test_lives.py::test_what_is_missing_is_named_while_it_is_waited_for"


def made_by_a_suite(space: Space) -> set[str]:
    every = space.kubectl("get", "namespaces", "--output=name").split()
    return {name for name in every if name.startswith("namespace/datacube-test-")}


def test_the_namespace_of_the_tests_is_made_by_them_and_gone_afterwards(
    space: Space, request: pytest.FixtureRequest
) -> None:
    before = made_by_a_suite(space)
    assert f"namespace/{space.name}" in before
    option = request.config.getoption
    given = {name: option(name) for name in ("image", "address", "controller", "storage_class")}
    if not option("kubeconfig"):
        given["storage_class"] = "any"  # the embedded cluster takes whatever it is asked for
    given["kubeconfig"] = space.kubeconfig
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value]
    suite = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--quiet", *words, QUICK],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    made = until(lambda: made_by_a_suite(space) - before or suite.poll() is not None)
    said, _ = suite.communicate()
    assert suite.returncode == 0, said
    assert made is not True, "it ended without a namespace"
    until(lambda: not made & made_by_a_suite(space))
