"""
A pipeline as people build it: model from Hugging Face, data set from S3, train, result to S3.

Three transfers that wait deferred, and one task that works on the files in between. The data set
is kept equal to its source (``sync``): what is gone there is gone here. All credentials stay in the
Secrets ``hf-token`` (token) and ``s3-config`` (endpoint, accessKeyID, secretAccessKey).

The Python task works on the files, so its worker must see the volume: the Airflow Variable
``datacube_workspace`` is the directory at which it is mounted.
"""

from __future__ import annotations

import csv
import json
import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, S3, Executor, HuggingFace, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator

VOLUME = "workspace"
DIRECTORY = "ml/{{ run_id }}"  # of its own for each run
STORE = {
    "endpoint": SecretRef("s3-config", "endpoint"),
    "access_key_id": SecretRef("s3-config", "accessKeyID"),
    "secret_access_key": SecretRef("s3-config", "secretAccessKey"),
}


@task
def train(workspace: str, directory: str) -> dict[str, float]:
    """Fit ``y = slope * x + intercept`` by gradient descent, and write the new weights."""
    home = Path(workspace, directory)
    steps = json.loads((home / "model/config.json").read_text())
    weights = json.loads((home / "model/weights.json").read_text())
    points = [
        (float(row["x"]), float(row["y"]))
        for part in sorted(Path(workspace, "ml/dataset").glob("*.csv"))
        for row in csv.DictReader(part.read_text().splitlines())
    ]
    for _ in range(steps["epochs"]):
        for x, y in points:
            error = weights["slope"] * x + weights["intercept"] - y
            weights["slope"] -= steps["learning_rate"] * error * x
            weights["intercept"] -= steps["learning_rate"] * error
    (home / "result").mkdir()
    (home / "result/weights.json").write_text(json.dumps(weights))
    return {name: round(value, 3) for name, value in weights.items()}


@dag(
    schedule=None,
    tags=["datacube", "example"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "model": "team/line",
        "hub": os.environ.get("HF_ENDPOINT", "https://huggingface.co"),
        "dataset": "s3://datasets/points",
        "result": "s3://models/line",
    },
)
def example_ml_pipeline() -> None:
    """Fit a line to points, starting from the weights of a model."""
    model = DataCubeOperator(
        task_id="download_model",
        source=HuggingFace(
            repo="{{ params.model }}",
            files=["config.json", "weights.json"],
            token=SecretRef("hf-token", "token"),
        ),
        sink=PVC(VOLUME, sub_path=f"{DIRECTORY}/model", size="10Gi"),
        transfer_executor=Executor(env={"HF_ENDPOINT": "{{ params.hub }}"}, backoff_limit=2),
        deferrable=True,
    )
    dataset = DataCubeOperator(
        task_id="download_dataset",
        source=S3(uri="{{ params.dataset }}", **STORE),
        sink=PVC(VOLUME, sub_path="ml/dataset", size="10Gi"),
        transfer_executor=Executor(sync=True, backoff_limit=2),
        deferrable=True,
    )

    trained = train(
        workspace="{{ var.value.get('datacube_workspace', '/mnt/workspace') }}",
        directory=DIRECTORY,
    )

    upload = DataCubeOperator(
        task_id="upload_result",
        source=PVC(VOLUME, sub_path=f"{DIRECTORY}/result"),
        sink=S3(uri="{{ params.result }}/{{ run_id }}", no_check_bucket=True, **STORE),
        transfer_executor=Executor(backoff_limit=2),
        deferrable=True,
    )

    [model, dataset] >> trained >> upload


example_ml_pipeline()
