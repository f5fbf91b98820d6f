"""
The page of DataCubes in Airflow's UI, as Airflow is told of it.

Every component of Airflow loads every plugin, workers too. So this module imports nothing of ours:
the page's server part is imported by the first request for it, which only an API server gets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]

PREFIX: Final = "/datacube"
ROUTE: Final = "datacubes"


class LazyApp:
    """The ASGI application of the page, which is made when it is first asked for something."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        application = await asyncio.to_thread(_application)
        await application(scope, receive, send)


def _application() -> Any:
    from airflow_provider_datacube._page.app import APP  # noqa: PLC0415 - see the module's docstring

    return APP


def _base_path() -> str:
    """Return the path below which Airflow is served."""
    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")


class DataCubePlugin(AirflowPlugin):
    """An entry of the menu Browse, and what stands behind it."""

    name: str | None = "datacube"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "DataCubes"}]  # noqa: RUF012 - Airflow's form
    react_apps = [  # noqa: RUF012 - Airflow's form
        {
            "name": "DataCubes",
            "bundle_url": f"{_base_path()}{PREFIX}/static/main.js",
            "destination": "nav",
            "category": "browse",
            "url_route": ROUTE,
            "icon": f"{_base_path()}{PREFIX}/static/icon.svg",
            "icon_dark_mode": f"{_base_path()}{PREFIX}/static/icon-dark.svg",
        }
    ]
