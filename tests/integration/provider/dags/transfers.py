"""Every way of giving a transfer, blocking and deferred; run by `dag.test()` in a test."""

from __future__ import annotations

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator

URL = "https://git.example.org/a/repo.git"


@task
def an_end() -> dict[str, object]:
    return {"type": "git", "options": [{"name": "url", "value": URL}]}


@task
def report(one: dict[str, str], two: dict[str, str], three: list[dict[str, str]]) -> None:
    for made in (one, two, *three):
        print("made", made["namespace"], made["name"], made["pvc"], made["result"])  # noqa: T201


@dag(params={"repo": "a/b"}, schedule=None)
def transfers() -> None:
    deferred = DataCubeOperator(
        task_id="deferred", source=an_end(), sink=PVC("{{ params.repo[0] }}-x"), deferrable=True
    )
    blocking = DataCubeOperator(task_id="blocking", manifest="cube.yaml", name="from-a-file")
    mapped = DataCubeOperator.partial(
        task_id="mapped", source=Git(url=URL).to_manifest(), deferrable=True
    ).expand(sink=[PVC(name).to_manifest() for name in ("m-0", "m-1")])
    report(deferred.output, blocking.output, mapped.output)


if __name__ == "__main__":
    transfers().test()
else:
    transfers()
