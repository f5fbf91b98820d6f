"""
Let a function say what to transfer: one download for each model that another task has chosen.

``@task.datacube`` is for what only Python knows when the task runs. It takes all that
``DataCubeOperator`` takes, and works with ``.expand``, ``.partial`` and ``.override``.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, Executor, HuggingFace


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"models": ["example/tiny", "example/small"]},
)
def example_decorator() -> None:
    """Download some models, each into a directory of its own."""

    @task
    def choose(params: Any = None) -> list[str]:
        """Return what is worth a download; Airflow gives the run's params."""
        return sorted(params["models"])

    @task.datacube(transfer_executor=Executor(backoff_limit=2), deferrable=True)
    def download(model: str, claim: str, run_id: str | None = None) -> dict[str, Any]:
        """Return the two ends; the run's id comes from the context."""
        directory = f"{run_id}/{model.replace('/', '--')}"
        return {
            "source": HuggingFace(repo=model),
            "sink": PVC(claim, sub_path=directory, size="10Gi"),
        }

    @task
    def report(downloads: list[dict[str, Any]]) -> list[str]:
        """Tell where the models are."""
        return [f"{download['pvc']}/{download['sub_path']}" for download in downloads]

    report(download.partial(claim="models").expand(model=choose()))


example_decorator()
