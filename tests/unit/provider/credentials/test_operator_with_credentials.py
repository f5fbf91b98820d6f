"""The operator with `conn_id` and `secret_ref`: what is sent, and in which order."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_datacube._credentials.secret import provide, secret_of
from airflow_provider_datacube._holding import HELD_BY
from airflow_provider_datacube.decorators.datacube import _DataCubeDecoratedOperator
from airflow_provider_datacube.models import PVC, S3, Git, HuggingFace, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.reference import CubeRef
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context

URL = "https://git.example.org/a/repo.git"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "git_c": {"conn_type": "git", "password": "canary-git", "host": URL},
    "hub_c": {"conn_type": "huggingface", "password": "canary-hub", "host": "http://hub.org"},
    "aws_c": {
        "conn_type": "aws",
        "login": "canary-id",
        "password": "canary-aws",
        "extra": {
            "aws_session_token": "canary-session",
            "endpoint_url": "http://s3.org:9000",
            "region_name": "eu-west-1",
        },
    },
}
DATA = PVC("data")
BEGUN = {"conditions": [{"type": "Initialized", "status": "True"}]}
GIT_IN_YAML = (
    "apiVersion: tensorstack.dev/v1beta1\nkind: DataCube\nmetadata: {namespace: default}\nspec:\n"
    f"  source: {{type: git, options: [{{name: url, value: '{URL}'}}]}}\n"
    "  sink: {type: pvc, pvc: {name: data}}\n"
)


class Desk:
    """A cluster's DataCubes and Secrets, and what a task instance does to them."""

    def __init__(self, cubes: Any, secrets: Any) -> None:
        self.cubes, self.secrets, self.ti = cubes, secrets, TaskInstance()

    def task(self, operator: type[DataCubeOperator] = DataCubeOperator, **given: Any) -> Any:
        desk = self

        class Offline(operator):  # type: ignore[misc, valid-type]  # either of the two
            _pauses_s = (0.0, 0.0)
            hook = desk.cubes
            secret_hook = desk

        return Offline(task_id="fetch", deferrable=True, **given)

    def provide(self, cube: dict[str, Any], values: dict[str, str]) -> None:
        provide(self.secrets, secret_of(cube, values))

    def run(self, task: Any, **context: Any) -> None:
        """Render and execute, as far as the deferral."""
        all_ = {"ti": self.ti, **context}
        task.render_template_fields(all_)
        with pytest.raises(TaskDeferred):
            task.execute(all_)

    @property
    def options(self) -> dict[str, Any]:
        (cube,) = self.cubes.held.values()
        executor = cube["spec"].get("executor") or {}
        listed = [*cube["spec"]["source"].get("options", ()), *executor.get("env", ())]
        return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in listed}

    @property
    def values(self) -> dict[str, str]:
        (secret,) = self.secrets.held.values()
        return {key: b64decode(value).decode() for key, value in secret["data"].items()}


@pytest.fixture
def desk(store: Any, secrets: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for conn_id, given in CONNECTIONS.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(given))
    return Desk(store, secrets)


def ref(desk: Desk, key: str) -> dict[str, Any]:
    ((_, name),) = desk.cubes.held
    return {"secretKeyRef": {"name": f"{name}-credentials", "key": key}}


@pytest.mark.parametrize(
    "given",
    [
        {"source": Git(url=URL), "sink": DATA},
        {"source": Git(url=URL).to_manifest(), "sink": DATA.to_manifest()},
        {"manifest": GIT_IN_YAML},
        {"manifest": GIT_IN_YAML.replace("type: git", "type: {{ 'git' }}")},
    ],
    ids=["models", "mappings", "yaml", "templated yaml"],
)
@pytest.mark.parametrize("conn_id", ["git_c", "{{ team }}_c"])
def test_a_connection_works_however_the_transfer_is_given(
    desk: Desk, given: dict[str, Any], conn_id: str
) -> None:
    desk.run(desk.task(conn_id=conn_id, **given), team="git")
    assert desk.options == {"token": ref(desk, "token"), "url": URL}
    assert desk.values == {"token": "canary-git"}


def test_a_whole_manifest_takes_it_too(desk: Desk) -> None:
    manifest = {
        "apiVersion": "tensorstack.dev/v1beta1",
        "kind": "DataCube",
        "spec": {"source": DATA.to_manifest(), "sink": HuggingFace(repo="a/b").to_manifest()},
    }
    desk.run(desk.task(conn_id="hub_c", manifest=manifest))
    (cube,) = desk.cubes.held.values()
    assert cube["spec"]["sink"]["options"][0] == {"name": "token", "valueFrom": ref(desk, "token")}
    assert cube["spec"]["executor"]["env"] == [{"name": "HF_ENDPOINT", "value": "http://hub.org"}]


def test_s3_has_its_session_token_and_its_address(desk: Desk) -> None:
    desk.run(desk.task(conn_id="aws_c", source=S3(uri="s3://b/k"), sink=DATA))
    assert desk.options == {
        "s3-access-key-id": ref(desk, "accessKeyID"),
        "s3-secret-access-key": ref(desk, "secretAccessKey"),
        "s3-endpoint": "http://s3.org:9000",
        "s3-uri": "s3://b/k",
        "S3_SESSION_TOKEN": ref(desk, "sessionToken"),
        "S3_REGION": "eu-west-1",
    }
    assert desk.values == {
        "accessKeyID": "canary-id",
        "secretAccessKey": "canary-aws",
        "sessionToken": "canary-session",
    }


def test_a_function_under_the_decorator_needs_not_know(desk: Desk) -> None:
    def choose(name: str) -> dict[str, Any]:
        return {"source": Git(url=f"https://git.example.org/a/{name}.git"), "sink": DATA}

    task = desk.task(
        _DataCubeDecoratedOperator, python_callable=choose, op_args=["repo"], conn_id="git_c"
    )
    desk.run(task)
    assert desk.options == {"token": ref(desk, "token"), "url": URL}


def test_what_a_function_returns_may_not_give_it_twice(desk: Desk) -> None:
    def choose() -> dict[str, Any]:
        return {"source": Git(url=URL, token=SecretRef("s", "k")), "sink": DATA}

    task = desk.task(_DataCubeDecoratedOperator, python_callable=choose, conn_id="git_c")
    with pytest.raises(AirflowFailException, match=r"options\[0\]: is a credential, and conn_id"):
        task.execute({"ti": desk.ti})
    assert desk.cubes.asked == desk.secrets.asked == []


def test_a_secret_that_is_there_is_only_named(desk: Desk) -> None:
    given = {"source": Git(url=URL), "sink": DATA}
    desk.run(desk.task(secret_ref=SecretRef("git-{{ team }}", "pat"), **given), team="ml")
    assert desk.options["token"] == {"secretKeyRef": {"name": "git-ml", "key": "pat"}}
    assert desk.secrets.asked == []


@pytest.mark.parametrize("how", [{"conn_id": "git_c"}, {"secret_ref": "s"}])
@pytest.mark.parametrize("spelled", ["model", "manifest"])
def test_giving_it_twice_breaks_the_parsing_of_the_dag(
    desk: Desk, how: dict[str, str], spelled: str
) -> None:
    source = Git(url=URL, token=SecretRef("s", "k"))
    manifest = {"spec": {"source": source.to_manifest(), "sink": DATA.to_manifest()}}
    given = {"source": source, "sink": DATA} if spelled == "model" else {"manifest": manifest}
    with pytest.raises(errors.DataCubeSpecError, match=r"spec.source.options\[0\]: is a cred"):
        desk.task(**how, **given)


def test_a_template_that_rendered_to_nothing_is_no_permission_to_go_without(desk: Desk) -> None:
    task = desk.task(conn_id="{{ missing }}", source=Git(url=URL), sink=DATA)
    task.render_template_fields({"ti": desk.ti})
    with pytest.raises(AirflowFailException, match="conn_id: its template rendered to nothing"):
        task.execute({"ti": desk.ti})
    assert desk.cubes.asked == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"conn_id": "absent"}, "there is no connection 'absent'"),
        ({"conn_id": "aws_c"}, "is of type aws, and the end is of type git"),
        (
            {"conn_id": "git_c", "source": Git(url="https://evil.example.org/x.git")},
            r"is for https://git.example.org, and spec.source.options\[0\].value leads elsewhere",
        ),
        (
            {"conn_id": "git_c", "source": Git(url=SecretRef("s", "url"))},
            r"is for https://git.example.org: spec.source.options\[0\] must be a plain value",
        ),
        (
            {"conn_id": "aws_c", "source": S3(uri="s3://b/k", endpoint="http://other:9000")},
            r"and spec.source.options\[0\] say two things",
        ),
        (
            {"conn_id": "aws_c", "source": S3(uri="s3://b/k", endpoint=SecretRef("s", "e"))},
            r"and spec.source.options\[0\] say two things",
        ),
    ],
)
def test_a_connection_that_does_not_fit_makes_nothing(
    desk: Desk, given: dict[str, Any], words: str
) -> None:
    task = desk.task(**{"source": Git(url=URL), "sink": DATA, **given})
    with pytest.raises(AirflowFailException, match=f"conn_id: .*{words}"):
        task.execute({"ti": desk.ti})
    assert desk.cubes.asked == desk.secrets.asked == []


def test_the_same_address_twice_is_one(desk: Desk) -> None:
    source = S3(uri="s3://b/k", endpoint="http://s3.org:9000/")
    desk.run(desk.task(conn_id="aws_c", source=source, sink=DATA))
    assert desk.options["s3-endpoint"] == "http://s3.org:9000/"


def deferred_again(desk: Desk, **given: Any) -> None:
    desk.ti.try_number += 1
    desk.run(desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA, **given))


def test_a_try_that_died_between_the_two_writes_is_completed(desk: Desk) -> None:
    class KilledError(BaseException):
        pass

    desk.secrets.refuse("create", KilledError())  # type: ignore[arg-type]  # no Exception: no code of ours runs
    task = desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA)
    with pytest.raises(KilledError):
        task.execute({"ti": desk.ti})
    assert (len(desk.cubes.held), len(desk.secrets.held)) == (1, 0)
    (made,) = desk.cubes.held.values()
    deferred_again(desk)
    (secret,) = desk.secrets.held.values()
    assert secret["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert len(desk.cubes.held) == 1


def test_an_adopting_try_leaves_a_secret_that_is_right(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    deferred_again(desk)
    deferred_again(desk)
    assert desk.secrets.asked == ["create", "create", "get"]
    assert "has another spec" not in capsys.readouterr().out


def test_an_adopting_try_brings_what_the_connection_has_now(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    deferred_again(desk)
    renewed = {**CONNECTIONS["git_c"], "password": "canary-renewed"}
    monkeypatch.setenv("AIRFLOW_CONN_GIT_C", json.dumps(renewed))
    deferred_again(desk)
    assert desk.values == {"token": "canary-renewed"}


def test_a_successor_has_a_secret_of_its_own(desk: Desk, finished: Callable[..., None]) -> None:
    deferred_again(desk)
    finished()
    deferred_again(desk)
    names = {f"{name}-credentials" for _, name in desk.cubes.held}
    assert {name for _, name in desk.secrets.held} == names
    assert len(names) == 2


@pytest.fixture
def finished(desk: Desk) -> Callable[..., None]:
    def fail() -> None:
        condition = {"type": "Failed", "status": "True"}
        desk.cubes.set_status(CubeRef(**desk.ti.pushed["datacube"]), {"conditions": [condition]})

    return fail


FORBIDDEN = errors.DataCubeForbiddenError("may not create secrets", 403)


@pytest.mark.parametrize("on_kill_action", ["delete_datacube", "keep_datacube"])
def test_a_datacube_whose_secret_cannot_be_made_is_not_left_to_wait(
    desk: Desk, on_kill_action: str
) -> None:
    desk.secrets.refuse("create", FORBIDDEN)
    given = {"conn_id": "git_c", "source": Git(url=URL), "sink": DATA}
    with pytest.raises(AirflowFailException, match="may not create secrets"):
        desk.task(on_kill_action=on_kill_action, **given).execute({"ti": desk.ti})
    assert desk.cubes.held == {}
    assert desk.cubes.asked == ["create", "get", "delete"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda cube: cube["metadata"]["annotations"].update({HELD_BY: "later"}), "another try"),
        (lambda cube: cube.update(status=BEGUN), "it has begun"),
    ],
)
def test_one_that_is_not_this_tries_any_more_or_has_begun_is_not_withdrawn(
    desk: Desk,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Any], None],
    why: str,
) -> None:
    provide = desk.provide

    def late(cube: Any, values: Any) -> None:
        (held,) = desk.cubes.held.values()
        change(held)
        provide(cube, values)

    monkeypatch.setattr(desk, "provide", late)
    desk.secrets.refuse("create", FORBIDDEN)
    with pytest.raises(AirflowFailException, match="may not create secrets"):
        desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA).execute({"ti": desk.ti})
    assert len(desk.cubes.held) == 1
    assert why in capsys.readouterr().out


def test_that_it_cannot_be_deleted_either_hides_nothing(desk: Desk) -> None:
    desk.secrets.refuse("create", FORBIDDEN)
    desk.cubes.refuse("delete", errors.DataCubeForbiddenError("may not delete", 403))
    task = desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA)
    with pytest.raises(AirflowFailException, match="may not create secrets"):
        task.execute({"ti": desk.ti})


def test_one_that_has_begun_goes_on(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    deferred_again(desk)
    desk.cubes.set_status(CubeRef(**desk.ti.pushed["datacube"]), BEGUN)
    desk.secrets.refuse("create", FORBIDDEN)
    deferred_again(desk)
    assert "has begun, and goes on" in capsys.readouterr().out
    assert len(desk.cubes.held) == 1


def test_faults_that_pass_are_waited_out(desk: Desk) -> None:
    later = errors.DataCubeUnavailableError("later", 503)
    desk.secrets.refuse("create", later, later)
    deferred_again(desk)
    assert len(desk.secrets.held) == 1


def test_a_kill_while_the_secret_is_made_deletes_the_datacube(desk: Desk) -> None:
    task = desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA)
    create = desk.secrets.create

    def killed(manifest: Any) -> None:
        create(manifest)
        task.on_kill()
        raise KeyboardInterrupt

    desk.secrets.create = killed
    with pytest.raises(KeyboardInterrupt):
        task.execute({"ti": desk.ti})
    assert desk.cubes.held == {}


def test_rendered_fields_hold_no_value(desk: Desk) -> None:
    task = desk.task(conn_id="git_c", source=Git(url=URL), sink=DATA)
    context: Context = {"ti": desk.ti}  # type: ignore[typeddict-item]  # what it needs
    task.render_template_fields(context)
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    fields = {name: getattr(task, name) for name in task.template_fields}
    assert "canary-git" not in f"{fields}{deferred.value.trigger.serialize()}{vars(task)}"
