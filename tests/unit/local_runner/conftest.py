from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.conditions import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def at() -> Callable[[float], datetime]:
    """Return the moment that many seconds after the start of the test's world."""
    return lambda seconds: START + timedelta(seconds=seconds)


@pytest.fixture
def make_pod(at: Callable[[float], datetime]) -> Callable[..., dict[str, Any]]:
    def pod(
        phase: str = "Pending",
        *,
        name: str = "j-1",
        ended_at: float | None = None,
        deleted: dict[str, Any] | None = None,
        **spec: Any,
    ) -> dict[str, Any]:
        owner = {"kind": "Job", "name": "j", "uid": "job-uid", "controller": True}
        meta = {"namespace": "default", "name": name, "uid": f"uid-{name}"}
        status: dict[str, Any] = {"phase": phase}
        if ended_at is not None:
            end = {"terminated": {"finishedAt": timestamp(at(ended_at))}}
            status["containerStatuses"] = [{"name": "transfer", "state": end}]
        created = {"creationTimestamp": timestamp(at(0)), "ownerReferences": [owner]}
        container = {"name": "transfer", "image": "any", "command": ["true"]}
        return {
            "metadata": {**meta, **created, **(deleted or {})},
            "spec": {"restartPolicy": "Never", "containers": [container], **spec},
            "status": status,
        }

    return pod


@pytest.fixture
def make_job() -> Callable[..., dict[str, Any]]:
    def job(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
        container = {"name": "transfer", "image": "any", "command": ["true"]}
        pod = {"restartPolicy": "Never", "containers": [container]}
        template = {"metadata": {"labels": {"job-name": "j"}}, "spec": pod}
        return {
            "metadata": {"namespace": "default", "name": "j", "uid": "job-uid"},
            "spec": {"template": template, **spec},
            "status": status or {},
        }

    return job
