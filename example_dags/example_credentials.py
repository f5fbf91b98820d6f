"""
Credentials: from Airflow connections, and from Secrets that are in the cluster.

Exactly one end of a transfer is a storage service, so ``conn_id`` or ``secret_ref`` of the task is
enough; no end has to say anything. What a connection holds is in a Secret that belongs to the
DataCube, and nowhere else.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_datacube.hooks.datacube_secret import DataCubeSecretHook
from airflow_provider_datacube.models import PVC, S3, Git, HuggingFace
from airflow_provider_datacube.operators.datacube import DataCubeOperator

VOLUME = "workspace"


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"code": "https://git.example.com/team/code.git", "secret": "s3-config"},
)
def example_credentials() -> None:
    """Move code, models and data, each with a credential given in another way."""
    DataCubeOperator(
        task_id="code",
        source=Git(url="{{ params.code }}", ref="main"),
        sink=PVC(VOLUME, sub_path="code", size="1Gi"),
        conn_id="git_default",  # a connection: type git, github, http or generic
        deferrable=True,
    )

    DataCubeOperator.partial(
        task_id="model",
        source=HuggingFace(repo="org/model"),
        sink=PVC(VOLUME, sub_path="model", size="1Gi"),
        deferrable=True,
    ).expand(conn_id=["hub_of_team_a", "hub_of_team_b"])  # one task for each

    @task.datacube(conn_id="huggingface_default", deferrable=True)
    def tokenizer(run_id: str | None = None) -> dict[str, Any]:
        """Decide in Python what to move; with what, the task says."""
        return {
            "source": HuggingFace(repo="org/model", files="tokenizer.json"),
            "sink": PVC(VOLUME, sub_path=f"{run_id}/tokenizer", size="1Gi"),
        }

    tokenizer()

    @task
    def hand_out(secret: str) -> None:
        """Put what a connection holds into a Secret that others may refer to by its name."""
        DataCubeSecretHook().create_from_connection(secret, "aws_default", replace=True)

    dataset = DataCubeOperator(
        task_id="dataset",
        source=S3(uri="s3://datasets/points"),
        sink=PVC(VOLUME, sub_path="dataset", size="1Gi"),
        secret_ref="{{ params.secret }}",  # a Secret that is there, with the usual keys
        deferrable=True,
    )

    hand_out("{{ params.secret }}") >> dataset


example_credentials()
