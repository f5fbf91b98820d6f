"""The README's first command, as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import processes_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
def test_the_demo_moves_everything_and_leaves_nothing_running() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "demo", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Tasks:  download success, count_words success, upload success" in demo.stdout
    assert "Count the words" in demo.stdout
    assert "upload_result success" in demo.stdout
    assert '"slope": 1.99' in demo.stdout
    assert processes_of(ROOT / ".demo") == []
