"""What the kustomizations of ``deploy`` come to, by the kustomize that is in kubectl."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBECTL = Path(sys.executable).with_name("kubectl")


@cache
def build(directory: Path) -> tuple[dict[str, Any], ...]:
    """Return the manifests that a kustomization makes."""
    done = subprocess.run(
        [KUBECTL, "kustomize", directory], capture_output=True, text=True, check=True
    )
    assert not done.stderr, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))
