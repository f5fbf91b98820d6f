from __future__ import annotations

import http.client
import json
import random
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAPS = "/api/v1/namespaces/default/configmaps"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
OPTIONS = ("--backoff-base", "0.05")
WRITERS = 3
KILLED_S = (0.05, 0.7)
"""The first start that is not disturbed takes about a second, so these fall into its start, too."""


class Connection:
    """One connection to a running cluster, kept open, as real clients do."""

    def __init__(self, cluster: Any) -> None:
        trust = ssl.create_default_context(cafile=str(cluster.data / "tls.pem"))
        address = cluster.server.rpartition("/")[2]
        self._http = http.client.HTTPSConnection(address, context=trust, timeout=20)
        self._bearer = "Bearer " + (cluster.data / "token").read_text()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": self._bearer, "Content-Type": kind}
        self._http.request(method, path, json.dumps(body) if body else None, headers)
        answer = self._http.getresponse()
        return answer.status, json.loads(answer.read())

    def watch(self, path: str, since: str) -> Iterator[Any]:
        query = f"{path}?watch=true&timeoutSeconds=20&resourceVersion={since}"
        self._http.request("GET", query, headers={"Authorization": self._bearer})
        with self._http.getresponse() as answer:
            for line in answer:
                yield json.loads(line)

    def close(self) -> None:
        self._http.close()


@dataclass
class Writer:
    """Writes ConfigMaps of its own, and remembers what was acknowledged."""

    name: str
    chance: random.Random
    kept: dict[str, Any] = field(default_factory=dict)
    """Each object as the server answered it; deleted ones are not in it."""
    in_doubt: set[str] = field(default_factory=set)
    """Sent and not answered: done or not done, both are right."""
    versions: list[int] = field(default_factory=list)
    made: int = 0
    complaint: str = ""

    def run(self, cluster: Any) -> None:
        """Write until the server is gone."""
        with closing(Connection(cluster)) as connection:
            try:
                while not self.complaint:
                    self._write(connection)
            except (OSError, http.client.HTTPException):
                return

    def _write(self, connection: Connection) -> None:
        name = self.chance.choice([*self.kept, ""])
        if not name:
            self.made += 1
            name = f"{self.name}-{self.made}"
            body = {"metadata": {"name": name}, "data": {"n": str(self.made)}}
            verb, path = "POST", MAPS
        elif self.chance.random() < 0.3:
            verb, path, body = "DELETE", f"{MAPS}/{name}", {}
        else:
            body = {"data": {"n": str(self.chance.random())}}
            verb, path = "PATCH", f"{MAPS}/{name}"
        self.in_doubt.add(name)
        code, answer = connection.ask(verb, path, body)
        self.in_doubt.discard(name)
        if code not in (200, 201):
            self.complaint = f"{verb} {path}: {answer}"
        elif verb == "DELETE":
            del self.kept[name]
        else:
            self.kept[name] = answer
            self.versions.append(int(answer["metadata"]["resourceVersion"]))


@dataclass
class Witness:
    """All that is known from outside, over all lives of the cluster."""

    writers: list[Writer]
    ran: Path
    """Where each run of a Job leaves a line."""
    seen: str
    """The resourceVersion up to which changes were watched."""
    finished: dict[str, int] = field(default_factory=dict)
    """How often each finished Job had run when it was first seen finished."""
    relists: int = 0

    def runs(self) -> Counter[str]:
        return Counter(self.ran.read_text().split())

    def acknowledged(self) -> set[int]:
        return {version for writer in self.writers for version in writer.versions}

    def check(self, cluster: Any, round_: int) -> None:
        self._file_is_whole(cluster)
        with closing(Connection(cluster)) as connection:
            self._objects_are_there(connection)
            self._versions_go_on(connection, round_)
            self._jobs_rest(connection)

    def _file_is_whole(self, cluster: Any) -> None:
        state = f"{(cluster.data / 'state.db').as_uri()}?mode=ro"
        with closing(sqlite3.connect(state, uri=True)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def _objects_are_there(self, connection: Connection) -> None:
        _, listed = connection.ask("GET", MAPS)
        there = {obj["metadata"]["name"]: obj for obj in listed["items"]}
        for writer in self.writers:
            assert not writer.complaint
            own = {name: obj for name, obj in there.items() if name.startswith(f"{writer.name}-")}
            for name in writer.in_doubt:
                before, now = writer.kept.pop(name, None), own.get(name)
                if before and now:
                    assert before["metadata"]["uid"] == now["metadata"]["uid"]
                if now:
                    writer.kept[name] = now
            writer.in_doubt.clear()
            bare = {name: without_kind(obj) for name, obj in writer.kept.items()}
            assert {name: without_kind(obj) for name, obj in own.items()} == bare

    def _versions_go_on(self, connection: Connection, round_: int) -> None:
        versions = [version for writer in self.writers for version in writer.versions]
        assert len(versions) == len(set(versions)), "a resourceVersion was used twice"
        name = f"marker-{round_}"
        _, marker = connection.ask("POST", MAPS, {"metadata": {"name": name}})
        mark = int(marker["metadata"]["resourceVersion"])
        assert mark > max(versions, default=0), "resourceVersions went back"
        watched: list[int] = []
        for event in connection.watch(MAPS, self.seen):
            if event["type"] == "ERROR":
                assert event["object"]["code"] == 410
                self.relists += 1
                break
            watched.append(int(event["object"]["metadata"]["resourceVersion"]))
            if watched[-1] == mark:
                missed = {v for v in self.acknowledged() if v > int(self.seen)} - {*watched}
                assert not missed, "a watch missed what was acknowledged"
                break
        assert watched == sorted(set(watched))
        self.seen = str(mark)
        connection.close()

    def _jobs_rest(self, connection: Connection) -> None:
        _, jobs = connection.ask("GET", JOBS)
        for job in jobs["items"]:
            if job.get("status", {}).get("succeeded"):
                name = job["metadata"]["name"]
                self.finished.setdefault(name, self.runs()[name])
        again = {name: self.runs()[name] for name in self.finished}
        assert again == self.finished, "a finished Job ran again"


def without_kind(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it stands in a list and alone alike."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def job(name: str, ran: Path) -> dict[str, Any]:
    words = ["/bin/sh", "-c", f"echo {name} >> {ran}"]
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x", "command": words}]}
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 50, "template": {"spec": pod}}}


def live_and_die(cluster: Any, witness: Witness, chance: random.Random, round_: int) -> None:
    """Write from all sides, and kill the server amid it."""
    threads = [threading.Thread(target=w.run, args=(cluster,)) for w in witness.writers]
    for thread in threads:
        thread.start()
    with closing(Connection(cluster)) as connection:
        connection.ask("POST", JOBS, job(f"job-{round_}", witness.ran))
    threading.Event().wait(chance.uniform(*KILLED_S))
    cluster.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()


def die_while_starting(data: Path, chance: random.Random) -> None:
    words = [sys.executable, "-m", "datacube_runtime.local", "start", "--data-dir", str(data)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*words, "--no-controller"], stdout=quiet, stderr=quiet)
    threading.Event().wait(chance.uniform(0.3, 1.0))
    process.kill()
    process.wait()


@pytest.mark.timeout(0)  # as long as the rounds asked for; each of its waits has its own limit
def test_nothing_is_lost_however_often_it_is_killed(
    launched: Any, eventually: Callable[..., Any], kill_rounds: int, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - not for secrets; said when the test fails
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)  # noqa: S311 - the same
    data, ran = tmp_path / "data", tmp_path / "ran"
    ran.touch()
    names = [f"w{number}" for number in range(WRITERS)]
    writers = [Writer(name, random.Random(f"{seed}{name}")) for name in names]  # noqa: S311 - the same
    witness = Witness(writers, ran, "1")
    for round_ in range(kill_rounds):
        with launched(data, *OPTIONS) as cluster:
            witness.check(cluster, round_)
            live_and_die(cluster, witness, chance, round_)
        if chance.random() < 0.3:
            die_while_starting(data, chance)
    with launched(data, *OPTIONS) as cluster:
        witness.check(cluster, kill_rounds)
        with closing(Connection(cluster)) as connection:
            eventually(lambda: everything_succeeded(connection, kill_rounds))
            witness._jobs_rest(connection)
        cluster.stop()
    with launched(data, *OPTIONS) as cluster:
        witness.check(cluster, kill_rounds + 1)
    acknowledged = len(witness.acknowledged())
    sys.stdout.write(f"{acknowledged} acknowledged, {witness.relists} watches told 410\n")
    assert acknowledged > 10 * kill_rounds


def everything_succeeded(connection: Connection, jobs: int) -> bool:
    _, listed = connection.ask("GET", JOBS)
    done = [job for job in listed["items"] if job.get("status", {}).get("succeeded")]
    return len(done) == jobs
