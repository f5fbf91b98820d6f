"""
What the ML pipeline works on: a model on the hub, a data set in the store, room for the result.

The model knows nothing yet and the points lie on a line, so that everybody can see that the task in
the middle did learn something. Put there by the real clients, as anybody would.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from huggingface_hub import CommitOperationAdd, HfApi

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL, DATASET, RESULT = "team/line", "s3://datasets/points", "s3://models/line"
SLOPE, INTERCEPT = 2.0, 1.0
_CONFIG = {"epochs": 200, "learning_rate": 0.05}
_WEIGHTS = {"slope": 0.0, "intercept": 0.0}
_PARTS = {"part-1.csv": (0.0, 0.5, 1.0), "part-2.csv": (1.5, 2.0)}


def make_model(endpoint: str, token: str) -> None:
    """Make the model's repository on the hub: two files that the pipeline wants, and one more."""
    files = {
        "config.json": json.dumps(_CONFIG),
        "weights.json": json.dumps(_WEIGHTS),
        "README.md": "# A line\n",
    }
    hub = HfApi(endpoint, token)
    hub.create_repo(MODEL)
    hub.create_commit(
        MODEL,
        [CommitOperationAdd(name, text.encode()) for name, text in files.items()],
        commit_message="A line that knows nothing yet",
    )


@dataclass(frozen=True)
class Store:
    """The S3 store, by rclone."""

    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    env: Mapping[str, str] = field(repr=False)

    def make_dataset(self) -> None:
        """Make the buckets, and put the data set into one."""
        for uri in (DATASET, RESULT):
            self._run("mkdir", f"s:{_bucket(uri)}")
        for name, xs in _PARTS.items():
            rows = "".join(f"{x},{SLOPE * x + INTERCEPT}\n" for x in xs)
            self._run("rcat", f"s:{_path(DATASET)}/{name}", text=f"x,y\n{rows}")

    def arrived(self) -> str | None:
        """Return what has come to the place of the result; None when nothing has."""
        listed = self._run("lsf", "--recursive", "--files-only", f"s:{_path(RESULT)}").splitlines()
        return self._run("cat", f"s:{_path(RESULT)}/{listed[-1]}") if listed else None

    def _run(self, *arguments: str, text: str = "") -> str:
        return subprocess.run(
            ["rclone", *arguments],
            env={**self.env, **self._environment()},
            input=text,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def _environment(self) -> Mapping[str, str]:
        return {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_S_TYPE": "s3",
            "RCLONE_CONFIG_S_PROVIDER": "SeaweedFS",
            "RCLONE_CONFIG_S_ENDPOINT": self.endpoint,
            "RCLONE_CONFIG_S_ACCESS_KEY_ID": self.access_key_id,
            "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": self.secret_access_key,
        }


def _path(uri: str) -> str:
    return uri.removeprefix("s3://")


def _bucket(uri: str) -> str:
    return _path(uri).partition("/")[0]
