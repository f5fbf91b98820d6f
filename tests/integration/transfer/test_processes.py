from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.progress import Phase, Progress
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.progress import Meter
from datacube_runtime.transfer.redact import Redactor
from datacube_runtime.transfer.run import Cancellation, ProcessEngine
from datacube_runtime.transfer.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def cancellation() -> Iterator[Cancellation]:
    with Cancellation() as cancellation:
        yield cancellation


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def shell(cancellation: Cancellation, shown: list[str]) -> Callable[..., Any]:
    """Run a line of shell as a step."""
    redact = Redactor.of({"TOKEN": "canary-1"})
    engine = ProcessEngine(redact, Meter(shown.append, time.monotonic), cancellation, grace_s=0.3)

    def read(line: str) -> Progress | str | None:
        if line.startswith("%"):
            return Progress(Phase.TRANSFER, int(line[1:]))
        return None if line == "hidden" else line

    def run(line: str, **environment: str) -> Any:
        path = {"PATH": os.environ["PATH"]}
        return engine.run(Step(("sh", "-c", line), path | environment, read))

    return run


def test_code_output_and_last_words_come_back(shell: Any) -> None:
    finished = shell("echo out; echo one >&2; echo two >&2; exit 3")
    assert (finished.code, finished.output, finished.tail) == (3, "out\n", ("one", "two"))


def test_what_is_said_is_redacted(shell: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    finished = shell("echo the token is canary-1 >&2")
    assert finished.tail == ("the token is ***",)
    assert "canary-1" not in caplog.text


def test_a_secret_cut_by_the_pipe_is_redacted(shell: Any) -> None:
    finished = shell("printf canary >&2; sleep 0.1; echo -1 >&2")
    assert finished.tail == ("***",)


def test_progress_is_shown_and_no_last_word(shell: Any, shown: list[str]) -> None:
    assert shell("printf '%%1\\r%%2\\rreal\\n' >&2").tail == ("real",)
    assert shown[-1] == "transfer: 2 B [done=2]"


def test_what_the_backend_hides_is_neither_shown_nor_kept(
    shell: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert shell("echo hidden >&2; echo real >&2").tail == ("real",)
    assert "hidden" not in caplog.text


def test_what_could_steer_a_terminal_is_blanked(shell: Any) -> None:
    assert shell("printf 'a\\033[2Jb\\n' >&2").tail == ("a [2Jb",)


def test_only_the_last_lines_are_kept(shell: Any) -> None:
    assert shell("seq 1 100 >&2").tail[-1] == "100"
    assert len(shell("seq 1 100 >&2").tail) == 12


def test_a_line_without_end_does_not_fill_the_memory(shell: Any) -> None:
    (line,) = shell("head -c 3000000 /dev/zero | tr '\\0' x >&2").tail
    assert len(line) == 64 * 1024


def test_the_environment_is_only_what_the_step_says(shell: Any) -> None:
    names = {line.partition("=")[0] for line in shell("env", A="1").output.splitlines()}
    assert names <= {"PATH", "A", "PWD", "SHLVL", "_", "OLDPWD"}


def test_both_pipes_may_be_full(shell: Any) -> None:
    finished = shell("seq 1 50000; seq 1 50000 >&2; seq 1 50000")
    assert finished.output.count("\n") == 100000


def test_a_program_that_is_not_there_is_said(shell: Any) -> None:
    with pytest.raises(TransferError, match="'sh' is not installed"):
        shell("true", PATH="/nowhere")


def test_nothing_starts_after_a_cancellation(shell: Any, cancellation: Cancellation) -> None:
    cancellation.request()
    cancellation.request()
    with pytest.raises(TransferError, match="cancelled"):
        shell("true")


def test_a_cancellation_ends_a_process_that_waits(shell: Any, cancellation: Cancellation) -> None:
    timer = threading.Timer(0.2, cancellation.request)
    timer.start()
    started = time.monotonic()
    with pytest.raises(TransferError, match="cancelled"):
        shell("sleep 60")
    timer.join()
    assert time.monotonic() - started < 5


def test_a_process_that_does_not_listen_is_killed(shell: Any, cancellation: Cancellation) -> None:
    timer = threading.Timer(0.2, cancellation.request)
    timer.start()
    with pytest.raises(TransferError, match="cancelled"):
        shell("trap '' TERM; while :; do sleep 0.1; done")
    timer.join()
