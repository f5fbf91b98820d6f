"""
What the page of DataCubes costs: requests to Kubernetes a minute, and the time until it is there.

A real Airflow with two clusters, one of them with 1,000 DataCubes. So many viewers as given follow
the list for a minute, each as the page does, while one DataCube a second changes; what that cluster
was asked is counted by a proxy before it. Then a headless Chromium opens the page: from the
navigation, and from the page's own first script, to the first paint of rows.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import ssl
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import ClientError, ClientSession, TCPConnector, web

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.world import STATUSES, World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE_S = 60.0


class Counted:
    """A proxy before a cluster, and how many requests went through it."""

    def __init__(self) -> None:
        self.number = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def stand_before(self, kubeconfig: Path) -> None:
        """Let those who read this file from now on go through a proxy."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster.pop("certificate-authority-data")).decode()
        proxy = self._serve(cluster["server"], ssl.create_default_context(cadata=authority))
        cluster["server"] = asyncio.run_coroutine_threadsafe(proxy, self._loop).result(10)
        kubeconfig.write_text(yaml.safe_dump(config))

    async def _serve(self, server: str, trusted: ssl.SSLContext) -> str:
        client = ClientSession(server, connector=TCPConnector(ssl=trusted), auto_decompress=False)

        async def pass_on(request: web.Request) -> web.StreamResponse:
            self.number += 1
            headers = {name: request.headers[name] for name in ("Authorization", "Accept")}
            response = web.StreamResponse(status=502)  # until the cluster says otherwise
            with suppress(ClientError):  # the cluster ends before those who watch it
                async with client.get(request.rel_url, headers=headers) as answer:
                    response.set_status(answer.status)
                    response.content_type = answer.content_type
                    await response.prepare(request)
                    async for piece in answer.content.iter_any():
                        await response.write(piece)
            return response

        app = web.Application()
        app.router.add_get("/{path:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"


@contextmanager
def counted_world(objects: int) -> Iterator[tuple[World, Counted]]:
    """Start everything, with a proxy before the cluster of many."""
    asked = Counted()
    with (
        tempfile.TemporaryDirectory() as home,
        world(Path(home), objects=objects, dag=False) as running,
    ):
        asked.stand_before(Path(home) / "many/kubeconfig")
        yield running, asked


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("viewers", nargs="*", type=int, default=[1, 5, 20])
    parser.add_argument("--objects", type=int, default=1000)
    arguments = parser.parse_args()
    with counted_world(arguments.objects) as (running, asked):
        print(f"{arguments.objects} DataCubes, one changes every second, for a minute")
        print(f"{'viewers':>8}{'to Kubernetes':>15}{'to Airflow':>12}{'changes each':>14}")
        for viewers in arguments.viewers:
            measure(running, asked, viewers)
        paint(running)


def measure(running: World, asked: Counted, viewers: int) -> None:
    """Let so many follow the list for a minute."""
    end = time.monotonic() + MINUTE_S
    ref = running.many.create(f"busy-{viewers}")
    before = asked.number
    with ThreadPoolExecutor(viewers + 1) as pool:
        seen = [pool.submit(follow, running, end) for _ in range(viewers)]
        pause = threading.Event()
        number = 0
        while time.monotonic() < end:
            running.many.set_status(ref, {**STATUSES[1], "attempts": (number := number + 1)})
            pause.wait(1.0)
        answers = [future.result() for future in seen]
    polls, changes = (sum(part) for part in zip(*answers, strict=True))
    print(f"{viewers:>8}{asked.number - before:>15}{polls:>12}{changes // viewers:>14}", flush=True)


def follow(running: World, end: float) -> tuple[int, int]:
    """Do what an open page does; return how often it asked, and how many changes it saw."""
    cursor, polls, changes = "", 0, 0
    with running.client("viewer") as client:
        while (left := end - time.monotonic()) > 0:
            params: dict[str, Any] = {"after": cursor, "wait": min(20, left)}
            answer = client.get("/datacube/rows", params=params).raise_for_status().json()
            cursor, polls = answer["cursor"], polls + 1
            changes += 0 if answer["all"] else len(answer["rows"])
    return polls, changes


def paint(running: World) -> None:
    """Open the page in a new browser, five times."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the tests alone

    token = running.token("viewer")
    times = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "_token", "value": token, "url": running.url}])
        for _ in range(5):
            page = context.new_page()
            page.goto(f"{running.url}/plugin/datacubes", wait_until="commit")
            page.locator(".line").first.wait_for()
            times.append(page.evaluate(PAINTED))
            page.close()
        browser.close()
    whole, own = (statistics.median(part) / 1000 for part in zip(*times, strict=True))
    print(f"first rows, median of five: {own:.2f} s after the page's own script was asked for")
    print(f"                            {whole:.2f} s after the navigation to Airflow's UI")


PAINTED = """() => new Promise((done) => requestAnimationFrame(() => {
  const began = performance.getEntriesByType("resource").find((r) => r.name.endsWith("/main.js"));
  const rows = performance.getEntriesByName("datacubes-read")[0].startTime;
  done([rows, rows - began.startTime]);
}))"""


if __name__ == "__main__":
    main()
