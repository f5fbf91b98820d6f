from __future__ import annotations

import logging
import sys
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.transfer.redact import RedactingFormatter, Redactor

TOKEN = "t@k/en: 9+ü"


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN),
        quote(TOKEN, safe="").lower(),
        quote_plus(TOKEN),
        b64(TOKEN),
        b64(f"oauth2:{TOKEN}"),
    ],
)
def test_a_secret_is_hidden_in_every_form(form: str) -> None:
    said = Redactor.of({"TOKEN": TOKEN})(f"before {form} after")
    assert said.replace("=", "") == "before *** after"


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_no_secret_survives(secret: str, around: str) -> None:
    said = Redactor.of({"TOKEN": secret})(f"{around}{secret}{around}")
    assert secret.strip() not in said.replace("***", "")


@pytest.mark.parametrize("name", ["TOKEN", "S3_SECRET_ACCESS_KEY", "s3_access_key_id", "DB_PASSWD"])
def test_the_name_of_a_variable_tells_a_secret(name: str) -> None:
    assert Redactor.of({name: "abcdef"})("it is abcdef") == "it is ***"


@pytest.mark.parametrize("name", ["REF", "PATH", "COMMIT_MESSAGE"])
def test_other_variables_are_shown(name: str) -> None:
    assert Redactor.of({name: "abcdef"})("it is abcdef") == "it is abcdef"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://alice:s%40fe@host/x", "alice *** ***"),
        ("https://s%40fe@host/x", "alice *** ***"),
        ("https://host/alice@s%40fe", "alice s@fe s%40fe"),
    ],
)
def test_a_user_info_in_any_variable_is_a_credential(url: str, shown: str) -> None:
    assert Redactor.of({"HTTPS_PROXY": url})("alice s@fe s%40fe") == shown


def test_the_user_of_a_url_is_no_secret_beside_a_token() -> None:
    assert Redactor.of({"URL": "https://git@host/x", "TOKEN": "abc"})("git abc") == "git ***"


def test_basic_authentication_of_the_urls_user_is_hidden() -> None:
    redact = Redactor.of({"URL": "https://alice:s3cret@host/x"})
    assert redact(b64("alice:s3cret")).rstrip("=") == "***"


def test_each_line_of_a_key_is_hidden() -> None:
    redact = Redactor.of({"PRIVATE_KEY": "first\nsecond\n\n"})
    assert redact("a second time, first") == "a *** time, ***"


def test_a_longer_secret_goes_before_its_part() -> None:
    assert Redactor.of({"TOKEN": "abc", "PASSWORD": "abcdef"})("abcdef") == "***"


def test_without_secrets_nothing_changes() -> None:
    assert Redactor.of({"TOKEN": "", "SECRET": " "})("a text") == "a text"


def test_a_redactor_does_not_show_what_it_knows() -> None:
    assert "abcdef" not in repr(Redactor.of({"TOKEN": "abcdef"}))


def test_a_traceback_is_redacted_too() -> None:
    formatter = RedactingFormatter(Redactor.of({"TOKEN": "abcdef"}))
    try:
        raise ValueError("abcdef")  # noqa: TRY301 - a traceback is what is wanted
    except ValueError:
        record = logging.LogRecord("n", logging.INFO, "f", 1, "%s", ("abcdef",), sys.exc_info())
    said = formatter.format(record)
    assert "ValueError: ***" in said
    assert "abcdef" not in said
