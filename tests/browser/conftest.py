"""A real Airflow with two clusters behind it, and a headless Chromium; nothing of it is a fake."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.browser.world import World, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
FLAGS = (  # a browser that asks nobody but the page's server
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")  # while it is there, no test can have an event loop of its own
def browser() -> Iterator[Browser]:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: it drives the browser")
    if CHROMIUM is None:
        pytest.skip("there is no chromium in PATH (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be there

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture
def logged_in(browser: Browser, running: World) -> Iterator[Callable[..., Page]]:
    """Open a page of Airflow's UI as one of its users; what a browser complains of is an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(path: str, user: str = "admin", theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "_token", "value": running.token(user), "url": running.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{running.url}{path}", wait_until="commit")
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # some may be under way
        context.close()
    assert complaints == []
