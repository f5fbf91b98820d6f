from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._secrecy import written_out
from airflow_provider_datacube.models import PVC, S3, Executor, Git, HuggingFace, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api.errors import DataCubeSpecError
from tests.task_instances import TaskInstance

CANARY = "canary-5f1e"
URL = "https://git.example.org/a/b.git"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (HuggingFace(repo="a/b", token=CANARY), r"spec\.source\.options\[0\]\.value: the token"),
        (HuggingFace(repo="a/b", token="{{ conn.hub.password }}"), "the token is written out"),
        (Git(url=f"https://{CANARY}@git.example.org/a/b.git"), "the url holds a credential"),
        (Git(url=f"https://me:{CANARY}@git.example.org/a/b.git"), "the url holds a credential"),
        (Git(url="https://{{ var.value.t }}@git.example.org/a.git"), "the url holds a credential"),
        (S3(uri="s3://b/k", secret_access_key=CANARY), "the s3-secret-access-key is written out"),
        (
            S3(uri="s3://b/k", options=[{"name": "s3-session-token", "value": CANARY}]),
            "the s3-session-token is written out; .* give conn_id or secret_ref",
        ),
    ],
)
def test_a_credential_in_a_dag_is_refused_when_it_is_parsed(source: Any, says: str) -> None:
    with pytest.raises(DataCubeSpecError, match=says) as refused:
        DataCubeOperator(task_id="t", source=source, sink=PVC("v"))
    assert CANARY not in str(refused.value)


def test_one_in_a_templated_manifest_is_refused_once_it_is_rendered() -> None:
    text = f"""
        spec:
          source:
            type: huggingface
            options: [{{name: repo, value: a/b}}, {{name: token, value: {CANARY}}}]
          sink: {{type: pvc, pvc: {{name: "ws-{{{{ ds_nodash }}}}"}}}}
        """
    operator = DataCubeOperator(task_id="t", manifest=text)
    with pytest.raises(Exception, match=r"spec\.source\.options\[1\]\.value: the token") as refused:
        operator.execute({"ti": TaskInstance()})  # type: ignore[typeddict-item]  # refused before it is read
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        HuggingFace(repo="a/b", token=SecretRef("hub", "token")),
        HuggingFace(repo="a/b", token=""),
        HuggingFace(repo="a/b", token="$(FROM_MY_ENV)"),
        Git(url=URL),
        Git(url="https://$(TOKEN)@git.example.org/a/b.git", token=SecretRef("git", "token")),
        Git(url="https://oauth2:$(TOKEN)@git.example.org/a.git", token=SecretRef("git", "token")),
        Git(url="https://git.example.org/team@home/b.git"),
    ],
)
def test_a_reference_is_none(source: Any) -> None:
    assert (
        DataCubeOperator(task_id="t", source=source, sink=PVC("v")).source == source.to_manifest()
    )


@pytest.mark.parametrize(
    "name",
    [
        *("HF_TOKEN", "TOKEN", "github_token", "PGPASSWORD", "DB_PASSWORD", "SMTP_PASSWD"),
        *("CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "API_KEY", "OPENAI_APIKEY", "SSH_PRIVATE_KEY"),
    ],
)
def test_a_credential_in_a_variable_of_the_pod_is_refused_as_well(name: str) -> None:
    says = (
        rf"^.*spec\.executor\.env\[1\]\.value: the variable {name} is .*; give SecretRef\(name, key"
    )
    for value in (CANARY, "{{ conn.hub.password }}", f"$(A){CANARY}"):
        with pytest.raises(DataCubeSpecError, match=says) as refused:
            transfer({"A": "a", name: value})
        assert CANARY not in str(refused.value)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "PIP_INDEX_URL"])
@pytest.mark.parametrize("login", [f"me:{CANARY}", f":{CANARY}", "{{ c.login }}:{{ c.password }}"])
def test_a_password_in_the_url_of_a_variable_is_refused(name: str, login: str) -> None:
    with pytest.raises(DataCubeSpecError, match=f"{name} holds the password of a URL") as refused:
        transfer({name: f"http://{login}@proxy.example.org:3128/"})
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN", SecretRef("hub", "token")),
        ("HF_TOKEN", "$(FROM_ABOVE)"),
        ("HF_TOKEN", ""),
        ("HF_TOKEN_PATH", "/run/hub/token"),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAX_TOKENS", "4096"),
        ("AWS_ACCESS_KEY_ID", "an-id"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/run/google.json"),
        ("CACHE_KEY", "v1"),
        ("PASSWORD_FILE", "/run/password"),
        ("SECRET_NAME", "git-token"),
        ("HTTPS_PROXY", "http://proxy.example.org:3128"),
        ("HTTPS_PROXY", "http://me:$(PASSWORD)@proxy.example.org:3128"),
        ("GIT_SSH", "ssh://git@git.example.org:22/a.git"),
        ("NOTE", "see http://a.example.org/x:y@z"),
        ("NO_PROXY", "10.0.0.0/8,.svc"),
    ],
)
def test_a_variable_that_is_no_credential_is_none(name: str, value: Any) -> None:
    assert transfer({name: value}).transfer_executor["env"][0]["name"] == name


def transfer(env: dict[str, Any]) -> DataCubeOperator:
    return DataCubeOperator(
        task_id="t", source=Git(url=URL), sink=PVC("v"), transfer_executor=Executor(env=env)
    )


@pytest.mark.parametrize("executor", [[], {"env": {"a": 1}}, {"env": [1, {"name": "TOKEN"}]}])
def test_an_executor_of_another_shape_is_for_the_models_to_say(executor: Any) -> None:
    assert not list(written_out({"spec": {"executor": executor}}))


@pytest.mark.parametrize("spec", [None, [], {"source": []}, {"source": {"options": {"a": 1}}}])
def test_what_has_another_shape_is_for_the_models_to_say(spec: Any) -> None:
    assert not list(written_out({"spec": spec}))
