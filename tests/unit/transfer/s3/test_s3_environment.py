from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datacube_api.direction import Direction, ServiceType
from datacube_runtime.transfer.request import Request
from datacube_runtime.transfer.s3.environment import Service, rclone_environment, read_service

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = {"S3_ACCESS_KEY_ID": "AK1", "S3_SECRET_ACCESS_KEY": "canary/1+"}
PRIVATE = Path("/private")


def _request(**variables: str) -> Request:
    return Request(
        ServiceType.S3, Direction.UPLOAD, Path("/volume"), "", sync=False, extra_args=(),
        variables=variables,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("minio:9000", "https://minio:9000"),
        ("s3.example.org", "https://s3.example.org"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("https://host/storage/v1/s3", "https://host/storage/v1/s3"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_endpoint_is_a_url_and_https_where_it_does_not_say(given: str, expected: str) -> None:
    assert read_service(_request(S3_ENDPOINT=given)).endpoint == expected


@pytest.mark.parametrize(
    "given",
    ["ftp://host", "http://", "http://user:canary@host", "http://host?x=canary", "h ost",
     "http://host:port", "http://[::1", "//host"],
)  # fmt: skip
def test_a_bad_endpoint_is_named_and_not_shown(
    refusal: Callable[..., tuple[str, str]], given: str
) -> None:
    reason, message = refusal(read_service, _request(S3_ENDPOINT=given))
    assert reason == "InvalidOption"
    assert message.startswith("s3-endpoint: ")
    assert "canary" not in message


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({"S3_ACCESS_KEY_ID": "AK1"}, "s3-secret-access-key"),
        ({"S3_SECRET_ACCESS_KEY": "canary"}, "s3-access-key-id"),
        ({"S3_ACCESS_KEY_ID": " \n", "S3_SECRET_ACCESS_KEY": "canary"}, "s3-access-key-id"),
    ],
)
def test_one_key_without_the_other_is_refused(
    refusal: Callable[..., tuple[str, str]], variables: dict[str, str], missing: str
) -> None:
    reason, message = refusal(read_service, _request(**variables))
    assert reason == "InvalidOption"
    assert message.startswith(f"{missing}: is missing")
    assert "canary" not in message


def test_a_key_of_two_lines_is_refused_and_a_last_newline_is_no_part_of_it(
    refusal: Callable[..., tuple[str, str]],
) -> None:
    request = _request(S3_ACCESS_KEY_ID="AK1\n", S3_SECRET_ACCESS_KEY="canary\n")
    assert read_service(request).secret_access_key == "canary"
    request = _request(S3_ACCESS_KEY_ID="AK1", S3_SECRET_ACCESS_KEY="can\nary")
    assert refusal(read_service, request)[1].startswith("s3-secret-access-key: holds white space")


@pytest.mark.parametrize(
    ("given", "expected"), [("", False), ("false", False), ("true", True), ("True", True)]
)
def test_the_check_of_the_bucket_is_a_switch(given: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert read_service(_request(S3_NO_CHECK_BUCKET=given)).no_check_bucket is expected


def test_another_word_is_no_switch(refusal: Callable[..., tuple[str, str]]) -> None:
    reason, message = refusal(read_service, _request(S3_NO_CHECK_BUCKET="yes"))
    assert (reason, message) == ("InvalidOption", 's3-no-check-bucket: must be "true" or "false"')


def test_the_remote_is_made_of_variables() -> None:
    service = read_service(
        _request(**KEYS, S3_ENDPOINT="h:1", S3_SESSION_TOKEN="t1", S3_REGION="eu-1")
    )
    environment = rclone_environment({}, PRIVATE, service)
    remote = {
        name.removeprefix("RCLONE_CONFIG_S_"): value
        for name, value in environment.items()
        if name.startswith("RCLONE_CONFIG_S_")
    }
    assert remote == {
        "TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": "https://h:1", "REGION": "eu-1",
        "ACCESS_KEY_ID": "AK1", "SECRET_ACCESS_KEY": "canary/1+", "SESSION_TOKEN": "t1",
        "ENV_AUTH": "false", "FORCE_PATH_STYLE": "true", "NO_CHECK_BUCKET": "false",
    }  # fmt: skip
    assert environment["RCLONE_CONFIG"] == "/dev/null"
    assert environment["HOME"] == "/private"


def test_without_an_endpoint_it_is_aws_and_without_keys_it_is_nobody() -> None:
    environment = rclone_environment({}, PRIVATE, Service())
    assert environment["RCLONE_CONFIG_S_PROVIDER"] == "AWS"
    assert environment["RCLONE_CONFIG_S_ENV_AUTH"] == "false"
    assert "RCLONE_CONFIG_S_ACCESS_KEY_ID" not in environment


def test_of_the_authors_variables_only_proxies_and_authorities_get_in() -> None:
    given = {
        "RCLONE_DUMP": "auth", "RCLONE_CONFIG_S_ENDPOINT": "http://evil", "AWS_PROFILE": "x",
        "LD_PRELOAD": "x", "HTTPS_PROXY": "http://proxy:1", "SSL_CERT_FILE": "/ca.pem", **KEYS,
    }  # fmt: skip
    environment = rclone_environment(given, PRIVATE, Service())
    foreign = set(environment) - set(rclone_environment({}, PRIVATE, Service()))
    assert foreign == {"https_proxy", "SSL_CERT_FILE"}
    assert "canary/1+" not in environment.values()


def test_a_service_shows_no_credential() -> None:
    service = read_service(_request(**KEYS, S3_SESSION_TOKEN="canary-2"))
    assert "canary" not in repr(service)
