"""The real clients against answers that a well-behaved cluster seldom gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._connecting import connect, open_cubes
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from airflow_provider_datacube.hooks.datacube import DataCubeHook
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

REF = CubeRef("default", "weights", "u-1")
PENDING: dict[str, Any] = {
    "metadata": {"namespace": "default", "name": "weights", "uid": "u-1", "resourceVersion": "7"},
    "spec": {},
}
DONE = {**PENDING, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
PACE = Pace(poll_interval_s=0.01, first_pause_s=0.01, longest_pause_s=0.02, grace_s=0)


@pytest.fixture
def conn(script: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]) -> str:
    return connection(kube_config_path=kubeconfig_for(script.url))


@pytest.fixture
def wait(conn: str, fakes: ModuleType) -> Callable[[], Any]:
    def waiting() -> Any:
        return wait_until_terminal(
            lambda: connect(conn), REF, pace=PACE, limit=Limit(), log=fakes.Quiet()
        )

    return waiting


def event(kind: str, cube: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": cube}


GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}


@pytest.mark.parametrize(
    "fault",
    [
        lambda s: s.say(410, GONE),
        lambda s: s.stream(event("ERROR", GONE)),
        lambda s: s.stream(event("ERROR", {"code": 500, "message": "oops"})),
        lambda s: s.stream(),
        lambda s: s.stream(event("BOOKMARK", {"metadata": {"resourceVersion": "9"}})),
        lambda s: s.stream(event("MODIFIED", PENDING), cut=True),
        lambda s: s.stream('{"type": "MODIF'),
        lambda s: s.say(429, {}),
        lambda s: s.say(503, "overloaded"),
    ],
)
async def test_a_watch_that_breaks_is_begun_anew(
    script: Any, wait: Callable[[], Any], fault: Callable[[Any], None]
) -> None:
    script.say(200, PENDING)
    fault(script)
    script.say(200, PENDING)
    script.stream(event("MODIFIED", DONE))
    assert await wait() == DONE
    assert script.answers == []


async def test_a_watch_begins_where_the_reading_ended(script: Any, wait: Callable[[], Any]) -> None:
    script.say(200, PENDING)
    script.stream(event("MODIFIED", DONE))
    await wait()
    query = script.asked[1].query
    assert query["resourceVersion"] == "7"
    assert query["fieldSelector"] == "metadata.name=weights"
    assert query["watch"] == "True"
    assert 240 <= int(query["timeoutSeconds"]) <= 300


async def test_a_forbidden_watch_becomes_polling(script: Any, wait: Callable[[], Any]) -> None:
    script.say(200, PENDING)
    script.say(403, {})
    script.say(200, PENDING)
    script.say(200, DONE)
    assert await wait() == DONE


@pytest.mark.parametrize("status", [403, 400, 422])
async def test_an_error_in_the_stream_that_does_not_pass_is_raised(
    script: Any, wait: Callable[[], Any], status: int
) -> None:
    script.say(200, PENDING)
    script.stream(event("ERROR", {"code": status}))
    script.say(403, {})
    with pytest.raises(errors.DataCubeApiError):
        await wait()


async def test_a_renewed_token_is_read_after_a_401(
    script: Any, wait: Callable[[], Any], kubeconfig_for: Callable[..., str]
) -> None:
    script.say(401)
    renew = script.answers.pop()

    def renewing(request: Any) -> Any:
        kubeconfig_for(script.url, token="t-2")
        return renew(request)

    script.answers.append(renewing)
    script.say(200, DONE)
    await wait()
    assert script.tokens == ["Bearer t-1", "Bearer t-2"]


def test_the_hook_too_reads_a_renewed_token(
    script: Any, conn: str, kubeconfig_for: Callable[..., str]
) -> None:
    hook = DataCubeHook(conn)
    assert hook.namespace == "default"
    kubeconfig_for(script.url, token="t-2")
    script.say(401)
    script.say(200, DONE)
    assert hook.read(REF) == DONE
    assert script.tokens == ["Bearer t-1", "Bearer t-2"]
    script.say(401)
    script.say(401)
    with pytest.raises(errors.DataCubeForbiddenError, match="401 Unauthorized"):
        hook.read(REF)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, {}, "may not create datacubes in namespace 'default'"),
        (404, "404 page not found\n", r"kubectl apply -f deploy/crd.yaml"),
        (409, {"reason": "AlreadyExists"}, "it exists already"),
        (503, "", "503 Service Unavailable"),
    ],
)
def test_a_refusal_is_told_in_our_words(
    script: Any, conn: str, status: int, body: Any, words: str
) -> None:
    script.say(status, body)
    with pytest.raises(errors.DataCubeApiError, match=words) as caught:
        open_cubes(conn).create({"metadata": {"namespace": "default", "name": "weights"}})
    assert caught.value.status == status
    assert caught.value.__cause__ is not None


def test_a_complaint_is_quoted_by_no_cause(script: Any, conn: str) -> None:
    causes = [{"field": "spec.x", "message": 'Invalid value: "s3cret": is bad'}]
    script.say(422, {"details": {"causes": causes}, "message": "s3cret"})
    with pytest.raises(errors.DataCubeRejectedError, match=r"spec\.x: is bad") as caught:
        open_cubes(conn).create({"metadata": {"namespace": "default", "name": "weights"}})
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"


def test_a_list_is_read_page_by_page(script: Any, conn: str) -> None:
    script.say(200, {"metadata": {"continue": "next"}, "items": [PENDING]})
    script.say(200, {"metadata": {}, "items": [DONE]})
    assert open_cubes(conn).list("default") == [PENDING, DONE]
    assert script.asked[1].query["continue"] == "next"
