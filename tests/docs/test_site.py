"""The documentation site is built as readers get it; a warning is an error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_datacube.get_provider_info import get_provider_info

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    build = subprocess.run(
        [*command, "--jobs", "2", ROOT / "docs", made], capture_output=True, text=True, check=False
    )
    assert build.returncode == 0, build.stderr
    return made


def test_every_page_is_reached_from_the_first(site: Path) -> None:
    first = (site / "index.html").read_text()
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if f'href="{page}.html"' in first} == pages


def test_the_reference_has_every_class_that_a_dag_names(site: Path) -> None:
    reference = (site / "reference.html").read_text()
    info = get_provider_info()
    modules = [
        module
        for part in ("operators", "sensors", "hooks", "triggers")
        for integration in info[part]
        for module in integration["python-modules"]
    ]
    assert modules
    assert [module for module in modules if f'id="{module}.' not in reference] == []


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]*src="https?:|<link[^>]*rel="stylesheet"[^>]*href="https?:'
    )
    assert [page.name for page in site.glob("*.html") if loaded.search(page.read_text())] == []
