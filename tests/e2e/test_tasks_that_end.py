"""
What becomes of a DataCube when its task ends first, on a real Airflow.

The runs start at once, but for one whose slots have to be free first; each is looked at when it is
its turn, since Airflow takes its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube._naming import PREFIX
from datacube_api.reference import CubeRef
from datacube_api.status import Phase, evaluate
from tests.e2e.airflows import Running, running
from tests.e2e.conftest import until
from tests.e2e.ended import DAGS, QUICK, Runs, kill, silent, terminate
from tests.e2e.services import push_a_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

MODES = ("deferred", "blocking")
MOVED = ("moved_deferred", "restarted_deferred")
DYING = [f"{dies}_{mode}" for dies in ("before", "during", "after") for mode in MODES]
IN_BOTH_MODES = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(scope="module")
def airflow(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("airflow"), DAGS, cluster.kubeconfig, QUICK) as airflow:
        yield airflow


@pytest.fixture(scope="module")
def runs(airflow: Running, cluster: Cluster, git_server: GitServer) -> Iterator[Runs]:
    push_a_file(git_server.create("ended/notes"), "main")
    with silent() as nobody:
        runs = Runs(airflow, cluster)
        url = f"{git_server.url}/ended/notes.git"
        runs.conf = {"url": url, "silent": nobody}
        runs.start("late", "marked", "run_marked", "moved")
        yield runs


@pytest.fixture(scope="module")
def marked(runs: Runs) -> dict[str, CubeRef]:
    """
    Mark the tasks while their transfers run; return what they waited for.

    Not before the triggers are there that stay to the end: where the last row is gone, SQLite gives
    its id to the next one, and Airflow's triggerer takes the new trigger for the old one, which it
    has not stopped yet. Other databases give no id twice.
    """
    for task in MOVED:
        runs.waits("moved", task)
    names = ("failed", "success", "kept", "cleared")
    tasks = [f"{name}_{mode}" for name in names for mode in MODES]
    refs = {task: runs.waits("marked", task) for task in tasks}
    for task, ref in refs.items():
        if not task.startswith("cleared"):
            until(lambda ref=ref: [p for p in runs.pods(ref) if p.status.phase == "Running"], 60)
            runs.mark("marked", task, "success" if task.startswith("success") else "failed")
    runs.clear("marked", *(task for task in tasks if task.startswith("cleared")))
    runs.start("dying")
    return refs


@IN_BOTH_MODES
@pytest.mark.parametrize("state", ["failed", "success"])
def test_who_marks_a_task_ends_its_transfer(
    runs: Runs, marked: dict[str, CubeRef], state: str, mode: str
) -> None:
    until(lambda: runs.is_gone(marked[f"{state}_{mode}"]), 60)
    runs.reaches("marked", f"{state}_{mode}", state)


@IN_BOTH_MODES
def test_what_is_to_be_kept_goes_on(runs: Runs, marked: dict[str, CubeRef], mode: str) -> None:
    task = f"kept_{mode}"
    runs.reaches("marked", task, "failed")
    until(lambda: "stays, as on_kill_action says" in runs.log("marked", task))
    assert runs.is_there(marked[task])
    assert runs.pods(marked[task])


@IN_BOTH_MODES
def test_who_clears_a_task_starts_one_transfer_anew(
    runs: Runs, marked: dict[str, CubeRef], mode: str
) -> None:
    task = f"cleared_{mode}"
    assert task in marked
    ref = runs.waits("marked", task, number=2)
    runs.open(f"cleared-{mode}")
    runs.reaches("marked", task, "success", number=2)
    (cube,) = runs.cubes("marked", task)
    assert CubeRef.of(cube) == ref
    assert evaluate(cube["status"]).phase is Phase.SUCCEEDED


@pytest.mark.usefixtures("marked")
def test_who_marks_a_run_ends_its_transfers(runs: Runs) -> None:
    refs = [runs.waits("run_marked", f"failed_{mode}") for mode in MODES]
    runs.mark_run("run_marked", "failed")
    until(lambda: all(map(runs.is_gone, refs)), 60)


@pytest.mark.parametrize("limit", ["timeout", "execution_timeout"])
@IN_BOTH_MODES
def test_a_task_whose_time_is_up_ends_its_transfer(runs: Runs, limit: str, mode: str) -> None:
    task = f"{limit}_{mode}"
    runs.reaches("late", task, "failed")
    until(lambda: not runs.cubes("late", task))
    log = runs.log("late", task)
    assert "is deleted" in log  # so there was one
    if limit == "timeout":
        assert "did not end in time" in log
    else:  # on a busy machine, Airflow's own alarm comes while the DataCube is being made
        assert "did not end in time" in log or "AirflowTaskTimeout" in log


@pytest.fixture(scope="module")
def repeated(runs: Runs) -> tuple[Runs, Runs]:
    """Two runs of one DAG at once."""
    places = ("one-", "two-")  # two that cloned to one place would be in each other's way
    both = [Runs(runs.airflow, runs.cluster, conf=runs.conf | {"place": p}) for p in places]
    for run in both:
        run.start("repeated")
    return both[0], both[1]


def test_each_run_each_mapped_task_and_each_try_has_a_transfer_of_its_own(
    repeated: tuple[Runs, Runs],
) -> None:
    run_ids = {run.ids["repeated"] for run in repeated}
    wanted = {(run_id, index) for run_id in run_ids for index in ("0", "1")}

    def transfers() -> dict[tuple[str, str], list[tuple[str, str, str]]]:
        found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for cube in repeated[0].cubes("repeated", "mapped"):
            notes, outcome = cube["metadata"]["annotations"], evaluate(cube.get("status"))
            whose = notes[f"{PREFIX}/run_id"], notes[f"{PREFIX}/map_index"]
            told = cube["metadata"]["name"], outcome.phase, outcome.reason
            found.setdefault(whose, []).append(told)
        return found

    def are_over() -> bool:
        ends = [phase for told in transfers().values() for _, phase, _ in told]
        return ends == [Phase.FAILED] * 2 * len(wanted)

    until(are_over, 120)
    assert transfers().keys() == wanted
    for told in transfers().values():
        (first, *_), (second, *_) = sorted(told)
        assert second == f"{first}-1"
        assert {reason for _, _, reason in told} == {"DeadlineExceeded"}


def test_what_has_succeeded_is_cleared_away(repeated: tuple[Runs, Runs]) -> None:
    waits = {
        (number, f"cleared_away_{mode}"): run.waits("repeated", f"cleared_away_{mode}")
        for number, run in enumerate(repeated)
        for mode in MODES
    }
    assert len({*waits.values()}) == len(waits)
    repeated[0].open("repeated")
    for (number, task), ref in waits.items():
        repeated[number].reaches("repeated", task, "success")
        assert not repeated[number].is_there(ref)


@pytest.fixture(scope="module")
def dying(runs: Runs, marked: dict[str, CubeRef]) -> dict[str, CubeRef]:
    """Let the transfers go once the second try waits for each; return which they are."""
    assert marked  # they have started
    refs = {task: runs.waits("dying", task, number=2) for task in DYING}
    runs.open("dying")
    return refs


@pytest.mark.parametrize("task", DYING)
def test_a_worker_that_is_killed_has_made_one_transfer_or_none(
    runs: Runs, dying: dict[str, CubeRef], task: str
) -> None:
    runs.reaches("dying", task, "success", number=2)
    (cube,) = runs.cubes("dying", task)
    assert CubeRef.of(cube) == dying[task]
    how = "Created" if task.startswith("before") else "Adopted"
    assert f"{how} DataCube {dying[task]}" in runs.log("dying", task)
    (pod,) = runs.pods(dying[task])
    assert pod.status.phase == "Succeeded"


def test_a_trigger_that_moves_cancels_nothing(runs: Runs) -> None:
    refs = {task: runs.waits("moved", task) for task in MOVED}
    (first,) = runs.triggerers()
    second = runs.airflow.start("second-triggerer", "triggerer", "--skip-serve-logs")
    until(lambda: len(runs.triggerers()) == 2, 60)
    runs.hand_over("moved_deferred", runs.triggerers()[1])
    until(lambda: "stays: the task may still want it" in runs.log("moved", "moved_deferred"), 60)
    assert runs.is_there(refs["moved_deferred"])

    terminate(second)
    kill(runs.airflow.started["airflow-triggerer"])
    runs.airflow.start("airflow-triggerer", "triggerer", "--skip-serve-logs")
    for task in refs:
        until(lambda task=task: runs.triggerer_of(task) not in (None, first, first + 1), 60)
    assert all(map(runs.is_there, refs.values()))
    runs.open("moved")
    for task, ref in refs.items():
        runs.reaches("moved", task, "success")
        (cube,) = runs.cubes("moved", task)
        assert CubeRef.of(cube) == ref
