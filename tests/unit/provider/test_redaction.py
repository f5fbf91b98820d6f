from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_datacube._redaction import LONGEST, safe, safe_lines, safe_outcome
from datacube_api.status import Outcome, Phase

SECRET = "canary0123456789abcdef"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{SECRET}\n{SECRET}\n-----END RSA PRIVATE KEY-----"
FORMS = [
    f"cloning https://user:{SECRET}@git.example.org/a.git",
    f"cloning https://{SECRET}@git.example.org/a.git",
    f"https://u:p@ss{SECRET}@host",
    f"Authorization: Bearer {SECRET}",
    f'{{"Authorization": "Basic {SECRET}"}}',
    f"authorization = token {SECRET}",
    f"sent bearer {SECRET} to it",
    f"sent Basic {SECRET}== to it",
    f"hf_{SECRET}",
    f"ghp_{SECRET}",
    f"github_pat_{SECRET}",
    f"glpat-{SECRET}",
    "AKIACANARY0123456789",
    f"sk-{SECRET}",
    f"eyJhbGciOi{SECRET}.eyJzdWIi{SECRET}.{SECRET}",
    f"aws_secret_access_key = {SECRET}",
    f"S3_SECRET_ACCESS_KEY={SECRET}",
    f"GIT_TOKEN='two {SECRET}'",
    f"https://s3.example.org/a?X-Amz-Credential={SECRET}%2F1&X-Amz-Signature={SECRET}",
    f"https://blob.example.org/a?sv=1&sig={SECRET}",
    f'{{"hf_token": "{SECRET}\\"{SECRET}"}}',
    f"git-thing --token {SECRET} --verbose",
    f"--s3-secret-access-key={SECRET}",
    f"password: {SECRET}",
    f"\x1b[31mBearer\x1b[0m {SECRET}",
    f"tok\x1b[1men={SECRET}",
    KEY,
    KEY.partition("\n")[2],
    KEY.rpartition("\n")[0],
    KEY.replace("\n", "\\n"),
]
PROSE = [
    'secret "git-token" not found',
    "couldn't find key token in Secret default/git-token",
    'MountVolume.SetUp failed for volume "a" : secret "git-token" not found',
    "spec.source.options[0].token: must be given",
    "the token may not do this at https://git.example.org/a/b.git (HTTP status 403)",
    "s3-uri s3://bucket/models/part-00001.bin: no such key",
    "0/3 nodes are available: 3 Insufficient memory.",
    'Back-off pulling image "registry.example.org:5000/transfer@sha256:0123456789abcdef"',
    "author@example.org pushed commit 0123456789abcdef0123456789abcdef01234567",
    "basic authentication failed",
]


@pytest.mark.parametrize("text", FORMS)
def test_a_secret_is_known_by_its_form(text: str) -> None:
    for shown in (safe(text), "\n".join(safe_lines(f"before\n{text}\nafter", 20))):
        assert "***" in shown
        assert "canary" not in shown.lower()


@pytest.mark.parametrize("text", PROSE)
def test_what_explains_a_failure_stays(text: str) -> None:
    assert safe(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    assert safe(f"git clone https://u:{SECRET}@host/a.git failed") == (
        "git clone https://***@host/a.git failed"
    )
    assert safe_lines(f"one\n{KEY}\ntwo", 20) == ("one", "***", "two")


def test_an_outcome_keeps_its_words_and_loses_its_secrets() -> None:
    outcome = Outcome(Phase.FAILED, "R", f"token={SECRET} is wrong", "pod-1", "Error")
    shown = safe_outcome(outcome)
    assert shown == Outcome(Phase.FAILED, "R", "token=*** is wrong", "pod-1")
    assert shown.pod_status == "Error"
    assert safe_outcome(Outcome(Phase.FAILED, pod="a\n::group::b")).pod == "a / : :group::b"


@given(st.text())
def test_no_text_moves_a_cursor_or_begins_a_line(text: str) -> None:
    shown = safe(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST


@given(st.lists(st.sampled_from([*FORMS, *PROSE])))
def test_no_secret_hides_among_other_lines(lines: list[str]) -> None:
    assert "canary" not in "".join(safe_lines("\n".join(lines), 500)).lower()


@given(
    st.lists(st.sampled_from(["::group::", "::", "end", "group", "\x1b[2J", "\x1b", "\r", "\n"]))
)
def test_no_mixture_steers_a_terminal_or_airflows_page(pieces: list[str]) -> None:
    for shown in (safe("".join(pieces)), *safe_lines("".join(pieces), 50)):
        assert "::group::" not in shown
        assert "::endgroup::" not in shown
        assert shown.isprintable()


@pytest.mark.parametrize(
    "text",
    ["::group::x", ":::endgroup:::", "::gr\x1b[0moup::x", "::gro\x9b1mup::", "a\n::endgroup::\nb"],
)
def test_a_log_cannot_open_or_close_airflows_groups(text: str) -> None:
    shown = "\n".join(safe_lines(text, 20))
    assert ": :" in shown
    assert "::group::" not in shown
    assert "::endgroup::" not in shown


def test_a_progress_bar_shows_where_it_ended() -> None:
    assert safe_lines(" 1%\r50%\r99%\r\ndone\r\n", 20) == ("99%", "done")


def test_of_a_log_the_last_lines_are_kept_and_no_half_one() -> None:
    log = "".join(f"line {number}\n" for number in range(20_000))
    assert safe_lines(log, 2) == ("line 19998", "line 19999")
    assert safe_lines("x" * 100_000, 2) == ("x" * 399 + "…",)
    assert safe_lines(f"token={'x' * 70_000}\nlast", 2) == ("last",)
    assert safe_lines("\n \n", 2) == ()


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "@",
            "'",
            '"\\',
            "://",
            "token",
            "token=",
            "--a",
            "--token",
            "basic a",
            "password: ",
        ),
        *("eyJaaaaaaaa.", "\x1b[", "\x1b]", "-----BEGIN PRIVATE KEY-----"),
        "-----END PRIVATE KEY-----",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    safe_lines(piece * (64 * 1024 // len(piece)), 20)
    assert time.process_time() - began < 2  # a pattern that backtracks takes hours
