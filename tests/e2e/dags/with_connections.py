"""
A transfer of each kind with a connection, each that fails, and a Secret by hook; run by a test.

Each waits for the ConfigMap ``gate``, so that the test can look at everything while they wait. What
has come goes to another place of the same kind. When there is something new in the volume ``git``,
another DAG runs.
"""

from __future__ import annotations

from airflow.sdk import AssetAlias, dag, task

from airflow_provider_datacube.assets.datacube import asset_of
from airflow_provider_datacube.hooks.datacube_secret import DataCubeSecretHook
from airflow_provider_datacube.models import PVC, S3, ConfigMapRef, Executor, Git, HuggingFace
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api.errors import DataCubeConflictError

GATE = Executor(env={"GATE": ConfigMapRef("gate", "open")})


@dag(schedule=None, params={"git": "https://git.example.org"})
def with_connections() -> None:
    ends = {
        "git": (Git(url="{{ params.git }}/canary/notes.git", ref="main"), "git_c"),
        "hub": (HuggingFace(repo="canary/model"), "hub_c"),
        "s3": (S3(uri="s3://canary/data/"), "aws_c"),
    }
    copies = {
        "git": Git(url="{{ params.git }}/copies/notes.git"),
        "hub": HuggingFace(repo="canary/copy"),
        "s3": S3(uri="s3://canary/copy/"),
    }
    for name, (source, conn_id) in ends.items():
        download = DataCubeOperator.partial(
            task_id=name,
            source=source,
            transfer_executor=GATE,
            outlets=[AssetAlias("canary")],
            deferrable=True,
        ).expand_kwargs([{"conn_id": conn_id, "sink": PVC(name, size="1Gi").to_manifest()}])
        download >> DataCubeOperator(
            task_id=f"copy_{name}",
            source=PVC(name),
            sink=copies[name],
            conn_id=conn_id,
            outlets=[AssetAlias("canary")],
        )
    absent = {
        "git": Git(url="{{ params.git }}/canary/absent.git"),
        "hub": HuggingFace(repo="canary/absent"),
        "s3": S3(uri="s3://absent/data/"),
    }
    for name, source in absent.items():
        DataCubeOperator(
            task_id=f"absent_{name}",
            source=source,
            sink=PVC(name, sub_path="absent", size="1Gi"),
            conn_id=ends[name][1],
            transfer_executor=GATE,
            deferrable=True,
        )
    DataCubeOperator(
        task_id="wrong_type",
        source=absent["git"],
        sink=PVC("git", sub_path="wrong"),
        conn_id="aws_c",
    )
    DataCubeOperator(  # whose token the store does not know
        task_id="temporary",
        source=ends["s3"][0],
        sink=PVC("s3", sub_path="temporary", size="1Gi"),
        conn_id="session_c",
    )

    @task
    def by_hook() -> list[str]:
        hook = DataCubeSecretHook()
        hook.create_from_connection("by-hook", "session_c")
        try:
            hook.create_from_connection("by-hook", "session_c")
        except DataCubeConflictError as error:
            hook.log.warning("%s", error)
        return hook.keys("by-hook")

    by_hook()


@dag(schedule=[asset_of(PVC("git"), namespace="default")], is_paused_upon_creation=False)
def after_git() -> None:
    @task
    def see(triggering_asset_events: dict[object, list[object]]) -> int:
        return sum(map(len, triggering_asset_events.values()))

    see()


with_connections()
after_git()
