"""
Download a Git repository into a volume, change it there, push the result to another repository.

Both transfers wait deferred: they hold no worker slot. The token never leaves the Secret
``git-token``; this file, Airflow's database and the DataCubes only know its name.

The Python task works on the files, so its worker must see the volume: the Airflow Variable
``datacube_workspace`` is the directory at which it is mounted.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, Git, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator

TOKEN = SecretRef("git-token", "token")
VOLUME = "workspace"
DIRECTORY = "{{ run_id }}"  # of its own for each run


@dag(
    schedule=None,
    tags=["datacube", "example"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "source_url": "https://git.example.com/upstream/handbook.git",
        "sink_url": "https://git.example.com/downstream/handbook.git",
        "ref": "v1.0",
    },
)
def example_git_to_git() -> None:
    """Count the words of a repository's texts and publish the count."""
    download = DataCubeOperator(
        task_id="download",
        source=Git(url="{{ params.source_url }}", ref="{{ params.ref }}", token=TOKEN),
        sink=PVC(VOLUME, sub_path=DIRECTORY, size="1Gi"),
        deferrable=True,
    )

    @task
    def count_words(workspace: str, directory: str, branch: str) -> list[str]:
        """Commit ``words.txt`` on a branch of its own."""
        repository = Path(workspace, directory)
        words = Counter(
            word.strip(".,;:!?").lower()
            for text in sorted(repository.glob("**/*.md"))
            for word in text.read_text().split()
            if word != "#"
        )
        lines = (f"{count:6} {word}\n" for word, count in words.most_common())
        (repository / "words.txt").write_text("".join(lines))
        author = ["-c", "user.name=Airflow", "-c", "user.email=airflow@example.com"]
        for command in (
            ["switch", "--quiet", "--force-create", branch],
            ["add", "words.txt"],
            [*author, "commit", "--quiet", "--message", "Count the words"],
        ):
            subprocess.run(["git", "-C", repository, *command], check=True)
        return [word for word, _ in words.most_common(3)]

    counted = count_words(
        workspace="{{ var.value.get('datacube_workspace', '/mnt/workspace') }}",
        directory=f"{DIRECTORY}/handbook",
        branch="words",
    )

    upload = DataCubeOperator(
        task_id="upload",
        source=PVC(VOLUME, sub_path=DIRECTORY),
        sink=Git(url="{{ params.sink_url }}", token=TOKEN),
        deferrable=True,
    )

    download >> counted >> upload


example_git_to_git()
