"""The page of DataCubes as people use it: 1,000 of them, in a browser, on a real Airflow."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from datacube_api.progress import Count, Phase, Progress
from tests.browser.limits import HIDDEN, LIMITED, SILENT
from tests.browser.world import STATUSES, World, condition, made_by
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Route

pytestmark = pytest.mark.timeout(300)  # the first test waits for the whole Airflow to come up

PAGE = "/plugin/datacubes"
EVIL = '<script>document.title="broken"</script><img src=x onerror="document.title=1">'


@pytest.fixture
def page(logged_in: Callable[..., Page]) -> Page:
    return logged_in(PAGE)


def line(page: Page, name: str) -> Locator:
    """Return the row of a DataCube; playwright looks into shadow roots by itself."""
    return page.locator(".line").filter(has_text=name)


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Filter by text").fill(text)


def anew(url: str) -> str:
    """Return the address that asks for all rows."""
    return re.sub(r"after=[^&]*", "after=", url)


def details(page: Page) -> Locator:
    return page.get_by_role("region", name="Details of a DataCube")


def test_the_list_shows_a_thousand_and_holds_only_what_is_in_sight(page: Page) -> None:
    page.get_by_role("table", name="DataCubes").wait_for()
    page.get_by_text("1,003 · live").wait_for()
    row = line(page, "transfer-0002")
    search(page, "transfer-0002")
    row.wait_for()
    assert row.get_by_role("cell").all_inner_texts()[0] == "Failed"
    assert "s3" in row.inner_text()
    assert "s3://results/experiments/2026-11\n→ workspace-2/part-2" in row.inner_text()
    assert "3 of 5" in row.inner_text()
    search(page, "")
    page.get_by_text("1,003 · live").wait_for()
    assert page.locator(".line").count() < 60
    page.locator(".scroller").evaluate("e => e.scrollTop = e.scrollHeight")
    page.wait_for_function(
        "document.querySelector('datacube-page').shadowRoot"
        ".querySelector('.line[aria-rowindex=\"1004\"]')"
    )


def test_filters_narrow_the_list(page: Page) -> None:
    page.get_by_text("1,003 · live").wait_for()
    page.get_by_role("button", name="Failed").click()
    page.get_by_text("203 of 1,003").wait_for()
    assert set(page.locator(".line .badge").all_inner_texts()) == {"Failed"}
    page.get_by_label("Connection").select_option("many")
    page.get_by_text("200 of 1,003").wait_for()
    search(page, "huggingface train_4")
    page.get_by_text(re.compile(r"^\d+ of 1,003")).wait_for()
    texts = page.locator(".line").all_inner_texts()
    assert texts
    assert all("huggingface" in text and "train_4" in text for text in texts)
    search(page, "no such thing")
    page.get_by_text("loosen the filter").wait_for()


def test_details_of_a_failure_say_what_to_do(page: Page) -> None:
    search(page, "page-download")
    line(page, "page-download").get_by_role("link", name="page-download").click()
    told = details(page)
    told.get_by_text("What to do:").wait_for()
    text = told.inner_text()
    assert "NetworkError" in text
    assert "check the address, the proxy and the network policies" in text
    for heading in ("Conditions", "Pod", "Events, newest first", "Log, last"):
        assert told.get_by_role("heading", name=heading).count() == 1, heading
    told.get_by_role("heading", name="YAML").click()
    assert "kind: DataCube" in told.get_by_label("the DataCube as YAML").inner_text()
    page.keyboard.press("Escape")
    told.wait_for(state="hidden")


def test_it_lives_without_a_reload(page: Page, running: World) -> None:
    page.get_by_text(re.compile(r"live$")).wait_for()
    page.evaluate("window.stayed = true")
    search(page, "alive")
    ref = running.many.create("alive")
    line(page, "alive").get_by_text("Pending").wait_for()
    running.many.set_status(ref, STATUSES[1])
    line(page, "alive").get_by_text("Running").wait_for()
    line(page, "alive").get_by_role("link").click()
    details(page).get_by_text("the transfer runs", exact=True).wait_for()
    running.many.set_status(
        ref, {"conditions": [condition("Complete", "TransferSucceeded", "it is there")]}
    )
    details(page).get_by_text("it is there", exact=True).wait_for()
    line(page, "alive").get_by_text("Succeeded").wait_for()
    running.many.delete(ref)
    page.get_by_text("is not here: it was deleted").wait_for()
    assert page.evaluate("window.stayed")


def how_far(running: World, user: str) -> list[float | None]:
    """Return what several answers say; each process of the API server looks for itself."""
    told = []
    for _ in range(4):
        with running.client(user) as client:
            rows = client.get("/datacube/rows").raise_for_status().json()["rows"]
        told += [row["fraction"] for row in rows if row["name"] == "moving"]
    return told


def test_the_list_shows_how_far_a_running_one_is(page: Page, running: World) -> None:
    half = Progress(Phase.TRANSFER, 512, 1024, Count(1, 2))
    running.many.run_pod("moving-1", "began", half.to_line(), "words")
    pod = {"reference": {"name": "moving-1"}, "status": "Running"}
    made = made_by(dag_id=SILENT, run_id="manual__1", task_id="download")
    ref = running.many.create("moving", {**STATUSES[1], "pod": pod}, metadata=made)
    try:
        search(page, "moving")
        line(page, "moving").get_by_text("50 %").wait_for()
        assert line(page, "moving").get_by_role("progressbar").get_attribute("value") == "0.5"
        assert "0.5" in {str(far) for far in how_far(running, "viewer")}
        assert how_far(running, LIMITED) == [None] * 4  # who may not read that DAG's logs
    finally:
        running.many.delete(ref)
        running.many.delete_pod("moving-1")


def tell_nothing_yet(route: Route) -> None:
    """Answer as a process that has read nothing of its places."""
    answer = route.fetch(url=anew(route.request.url))
    told = answer.json()
    places = [{**place, "state": "reading"} for place in told["places"]]
    route.fulfill(response=answer, json={**told, "rows": [], "places": places})


def test_a_running_one_whose_details_are_open_shows_how_far_it_is(page: Page) -> None:
    def tell(route: Route) -> None:
        answer = route.fetch()
        progress = {"fraction": 0.4, "text": "transfer: 40 %"}
        route.fulfill(response=answer, json={**answer.json(), "progress": progress})

    page.route("**/datacube/details?*", tell)
    search(page, "transfer-0001")
    row = line(page, "transfer-0001")
    assert row.get_by_role("progressbar").get_attribute("value") is None
    row.get_by_role("link", name="transfer-0001").click()
    row.get_by_text("40 %").wait_for()
    assert row.get_by_role("progressbar").get_attribute("value") == "0.4"
    # As another process of the API server would, that has just begun to read.
    page.route("**/datacube/rows?*", tell_nothing_yet, times=1)
    row.wait_for(state="hidden")
    # As one that has read: it tells all anew, and does not know how far.
    page.route("**/datacube/rows?*", lambda route: route.continue_(url=anew(route.request.url)))
    row.get_by_text("40 %").wait_for()
    for _ in range(2):  # the first may have been asked for before
        with page.expect_response("**/datacube/rows?*"):
            pass
    with page.expect_request("**/datacube/rows?*"):  # the answer before has been shown
        pass
    assert row.get_by_text("40 %").is_visible()


def test_from_a_datacube_to_its_task_and_back(page: Page) -> None:
    search(page, "page-many")
    link = page.get_by_role("link", name="many [1]")
    link.wait_for()
    page.evaluate("window.stayed = true")
    link.click()
    page.wait_for_url("**/dags/page/runs/*/tasks/many/mapped/1**")
    assert page.evaluate("window.stayed")  # the UI's own router went there
    page.get_by_role("link", name="Details", exact=True).click()
    back = page.get_by_role("link", name="DataCube page")
    back.wait_for()
    back.click()
    details(page).get_by_role("heading", name=re.compile("page-many-")).wait_for()
    details(page).get_by_role("link", name=re.compile(r"many \[1\]$")).wait_for()


def test_a_task_links_to_its_object_in_a_dashboard(running: World) -> None:
    with running.client("viewer") as client:
        (made,) = rows_by_dag(client, "page", "download")["page"]
        run_id = quote(made["task"]["run_id"], safe="")
        task = f"/api/v2/dags/page/dagRuns/{run_id}/taskInstances/download"
        links = client.get(f"{task}/links").raise_for_status().json()["extra_links"]
    assert links["DataCube"] == f"https://d.example.org/default/{made['name']}"


def test_what_a_cluster_says_is_never_markup(page: Page, running: World) -> None:
    ref = running.many.create("evil", {"conditions": [condition("Failed", EVIL, EVIL)]})
    search(page, "evil")
    line(page, "evil").get_by_role("link").click()
    details(page).get_by_role("heading", name="Conditions").wait_for()
    assert details(page).get_by_text(EVIL).count() > 0
    assert page.locator("datacube-page script, datacube-page img").count() == 0
    assert page.title() not in ("broken", "1")
    running.many.delete(ref)


def test_it_follows_airflows_theme(logged_in: Callable[..., Page]) -> None:
    page = logged_in(PAGE, theme="dark")
    line(page, "transfer-").first.wait_for()
    host = page.locator("datacube-page")
    assert host.get_attribute("data-theme") == "dark"
    page.evaluate("localStorage.setItem('theme', 'light')")
    page.reload(wait_until="commit")
    line(page, "transfer-").first.wait_for()
    assert host.get_attribute("data-theme") == "light"


def test_it_can_be_used_with_the_keyboard_alone(page: Page) -> None:
    first = page.locator(".line .open").first
    first.wait_for()
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate(
        "document.querySelector('datacube-page').shadowRoot.activeElement.textContent"
    )
    page.keyboard.press("Enter")
    details(page).get_by_role("heading", name=chosen).wait_for()
    page.keyboard.press("Escape")
    details(page).wait_for(state="hidden")


def test_a_viewer_sees_and_cannot_write(logged_in: Callable[..., Page], running: World) -> None:
    page = logged_in(PAGE, user="viewer")
    line(page, "transfer-").first.wait_for()
    line(page, "transfer-").first.get_by_role("link").first.click()
    details(page).get_by_role("heading", name="Conditions").wait_for()
    before = running.many.names()
    with running.client("viewer") as client:
        for path in ("/datacube/rows", "/datacube/details", "/datacube/static/main.js"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                assert client.request(method, path).status_code == 405
    assert running.many.names() == before


def test_what_a_user_may_not_see_is_not_there(running: World) -> None:
    with running.client(LIMITED) as guest, running.client("viewer") as viewer:
        theirs, all_ = (rows_by_dag(client) for client in (guest, viewer))
        assert HIDDEN in all_
        assert theirs.keys() == all_.keys() - {HIDDEN}
        hidden, silent = ({"key": all_[dag][0]["key"]} for dag in (HIDDEN, SILENT))
        assert guest.get("/datacube/details", params=hidden).status_code == 404
        assert viewer.get("/datacube/details", params=hidden).status_code == 200
        refused = "you may not read the logs"
        assert refused in guest.get("/datacube/details", params=silent).text
        assert refused not in viewer.get("/datacube/details", params=silent).text


def test_details_do_not_depend_on_the_process_that_answers(running: World) -> None:
    with running.client("viewer") as client:
        key = rows_by_dag(client)[SILENT][0]["key"]
    for _ in range(12):  # connections of their own: two processes take them by turns
        with running.client("viewer") as client:
            answer = client.get("/datacube/details", params={"key": key})
            assert answer.status_code == 200, answer.text


def test_a_page_that_another_process_answers_asks_no_faster(page: Page, running: World) -> None:
    asked_at: list[float] = []

    def answer_as_another(route: Route) -> None:
        asked_at.append(time.monotonic())
        answer = route.fetch()
        said = {**answer.json(), "all": True, "cursor": f"another-{len(asked_at)}.1"}
        route.fulfill(response=answer, json=said)

    page.goto("about:blank")
    page.route("**/datacube/rows?*", answer_as_another)
    page.goto(f"{running.url}{PAGE}", wait_until="commit")
    until(lambda: page.title() is not None and len(asked_at) > 2)
    _, changed, next_ = asked_at[:3]
    assert next_ - changed > 2.4
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7260, "2 h"), (90_000, "1 d")],
)
def test_an_age_is_told_in_its_largest_unit(page: Page, seconds: int, shown: str) -> None:
    script = "ms => import('/datacube/static/dom.js').then(m => m.age(new Date(0), ms))"
    assert page.evaluate(script, seconds * 1000) == shown


def rows_by_dag(
    client: httpx.Client, dag_id: str = "train_", task_id: str = ""
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that tasks of some DAGs made, by DAG, once they have been read."""

    def look() -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in client.get("/datacube/rows").json()["rows"]:
            if (made := row["task"]) is None:
                continue
            if made["dag_id"].startswith(dag_id) and made["task_id"].startswith(task_id):
                found.setdefault(made["dag_id"], []).append(row)
        return found

    seen: dict[str, list[dict[str, Any]]] = until(look)
    return seen


@pytest.mark.parametrize("path", ["rows", "details?key=x", "static/main.js", "nothing"])
def test_without_a_login_there_is_nothing(running: World, path: str) -> None:
    assert httpx.get(f"{running.url}/datacube/{path}").status_code in (401, 404)


def test_one_who_is_logged_out_is_told_so(page: Page) -> None:
    line(page, "transfer-").first.wait_for()
    page.context.clear_cookies()
    page.get_by_role("link", name="Log in").wait_for()


def test_details_are_only_of_what_the_page_shows(running: World) -> None:
    with running.client("admin") as client:
        answer = client.get("/datacube/details", params={"key": "kubernetes_default/other"})
        assert answer.status_code == 404
        assert client.get("/datacube/static/..%2fapp.py").status_code == 404
