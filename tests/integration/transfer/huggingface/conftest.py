from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from demo.hub_server import Fault, HubServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.hub.store import Repository

READ_TOKEN = "reader-4712-Xy8"
_COUNT = itertools.count(1)


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    root = tmp_path_factory.mktemp("hub")
    with HubServer(root, "canary-4711-Zq9", read_token=READ_TOKEN) as hub:
        yield hub


@pytest.fixture
def hub(_running: HubServer) -> Iterator[HubServer]:
    """The hub, as if it had just been started: no faults, no requests seen."""
    _running.requests.clear()
    yield _running
    for fault in _running.faults:
        fault.over.set()
    _running.faults.clear()


@pytest.fixture
def lay(hub: HubServer) -> Callable[..., Fault]:
    """Lay a fault into the hub."""

    def lay(where: str, **what: Any) -> Fault:
        fault = Fault(where, **what)
        hub.faults.append(fault)
        return fault

    return lay


@pytest.fixture
def make_repository(hub: HubServer) -> Callable[..., Repository]:
    """Make a private repository with small files; `large` ones are added beside."""

    def make(large: dict[str, bytes] | None = None, **files: str) -> Repository:
        repository = hub.store.create(f"team/model-{next(_COUNT)}", private=True)
        small = {"config.json": b"{}", "data/a.txt": b"one", "data/b.txt": b"two"}
        hub.store.add(repository, {**small, **{k: v.encode() for k, v in files.items()}})
        if large:
            hub.store.add(repository, large, large=True)
        return repository

    return make


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    return make_repository({"weights.bin": b"weights" * 100_000})


@pytest.fixture
def reader() -> str:
    return READ_TOKEN


@pytest.fixture
def program(make_program: Callable[..., Any], hub: HubServer, token: str) -> Any:
    """The program for Hugging Face, with the token as option."""
    return make_program("huggingface", TOKEN=token, HF_ENDPOINT=hub.url)


@pytest.fixture
def files_of(program: Any) -> Callable[[], dict[str, bytes]]:
    """What is in the volume, hidden files and leftovers included."""

    def files() -> dict[str, bytes]:
        return {
            str(path.relative_to(program.volume)): path.read_bytes()
            for path in sorted(program.volume.rglob("*"))
            if path.is_file() or path.is_symlink()
        }

    return files
