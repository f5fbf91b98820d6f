"""How a piece of a pod's log is asked for, of pods of one container and of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._connecting import connect
from airflow_provider_datacube._logtail import BYTES, LINES
from datacube_api.errors import DataCubeApiError, DataCubeForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = "2026-11-25T10:00:01.5Z hello\n"
SEVERAL = {"message": "a container name must be specified for pod p, choose one of: [proxy %s]"}


@pytest.fixture
def conn(script: Any, connection: Callable[..., str], kubeconfig_for: Callable[..., str]) -> str:
    return connection(kube_config_path=kubeconfig_for(script.url))


async def test_a_request_is_bounded_and_begins_where_the_last_one_ended(
    script: Any, conn: str
) -> None:
    script.say(200, LINE)
    async with connect(conn) as cubes:
        assert await cubes.log("ml", "p", "2026-11-25T10:00:01Z") == LINE
    (asked,) = script.asked
    assert asked.path == "/api/v1/namespaces/ml/pods/p/log"
    assert dict(asked.query) == {
        "sinceTime": "2026-11-25T10:00:01Z",
        "tailLines": str(LINES),
        "limitBytes": str(BYTES),
        "timestamps": "true",
    }
    assert script.tokens == ["Bearer t-1"]


async def test_a_server_that_sends_more_is_cut_off(script: Any, conn: str) -> None:
    script.say(200, "x" * (4 * BYTES))
    async with connect(conn) as cubes:
        assert len(await cubes.log("ml", "p")) == BYTES


@pytest.mark.parametrize("other", ["transfer", "copy"])
async def test_of_several_containers_ours_is_read_next_time_or_the_first(
    script: Any, conn: str, other: str
) -> None:
    script.say(400, {"message": SEVERAL["message"] % other})
    script.say(200, LINE)
    script.say(400, {"message": f"container {other} is not valid for pod q"})
    script.say(200, LINE)
    async with connect(conn) as cubes:
        for pod in ("p", "q"):
            with pytest.raises(DataCubeApiError):
                await cubes.log("ml", pod)
            assert await cubes.log("ml", pod) == LINE
    chosen = "transfer" if other == "transfer" else "proxy"
    assert [asked.query.get("container") for asked in script.asked] == [None, chosen, chosen, None]


async def test_a_right_that_is_missing_is_named(script: Any, conn: str) -> None:
    script.say(403, {})
    async with connect(conn) as cubes:
        with pytest.raises(DataCubeForbiddenError, match="'get' on pods/log"):
            await cubes.log("ml", "p")
