"""What the documents show as code stands, word for word, in a file that the tests execute."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
EXECUTED = {
    "python": [path.read_text() for path in (ROOT / "example_dags").glob("*.py")],
    "yaml": [
        path.read_text()
        for folder in ("tests/contract/manifests", "deploy")
        for path in (ROOT / folder).rglob("*.yaml")
    ],
}
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A rule of a role, a part of a manifest: what is no manifest is not applied anywhere either.
IS_WHOLE = {"python": re.compile("."), "yaml": re.compile("^kind:", re.MULTILINE)}


def quoted(language: str, block: str) -> bool:
    """Tell whether a block stands in an executed file, at whatever indentation."""
    return any(
        indent(block, " " * depth) in text for text in EXECUTED[language] for depth in (0, 4, 8)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_only_code_that_runs(page: Path) -> None:
    unknown = [
        block
        for language, block in BLOCK.findall(page.read_text())
        if IS_WHOLE[language].search(block) and not quoted(language, block)
    ]
    assert not unknown


def test_the_pages_show_code() -> None:
    assert sum(len(BLOCK.findall(page.read_text())) for page in PAGES) > 10


def test_what_is_not_executed_is_found() -> None:
    assert not quoted("python", "DataCubeOperator(task_id='made up')\n")
