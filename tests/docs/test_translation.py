"""The Chinese README shows the same code as the English one, and leads to pages that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_both_show_the_same_code(language: str) -> None:
    ours, theirs = (
        re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL) for page in READMES
    )
    assert ours == theirs != []


def test_both_show_the_same_commands() -> None:
    ours, theirs = (re.findall(r"^\$ (.*?)(?: +#|$)", p.read_text(), re.MULTILINE) for p in READMES)
    assert ours == theirs != []


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
