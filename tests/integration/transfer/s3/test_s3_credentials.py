from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environments(program: Any, tmp_path: Path) -> Path:
    """Where every environment that rclone gets is written down."""
    written = tmp_path / "environments"
    program.wrap("rclone", f'env >> "{written}"\nreal "$@"')
    return written


@pytest.mark.parametrize("direction", ["download", "upload"])
def test_the_secret_is_nowhere_but_in_one_variable(
    program: Any, place: Any, secret: str, environments: Path, direction: str
) -> None:
    place.put({"a": b"1"})
    (program.volume / "b").write_text("2")
    for uri, wrong in (
        (place.uri, {}),
        (f"{place.uri}/nope/", {}),
        ("s3://made-in-passing", {}),
        (place.uri, {"S3_ACCESS_KEY_ID": "AKnobody"}),
        (place.uri, {"S3_ENDPOINT": "http://127.0.0.1:1"}),
        (place.uri, {"S3_ENDPOINT": f"http://x:{secret}@127.0.0.1:1"}),
    ):
        program(direction, S3_URI=uri, **{"S3_NO_CHECK_BUCKET": "true", **wrong})
        if secret not in wrong.get("S3_ENDPOINT", ""):
            assert any("rclone" in argv for argv in program.watch.argv), "the watch sees"
    held = [line for line in environments.read_text().splitlines() if secret in line]
    assert {line.partition("=")[0] for line in held} == {"RCLONE_CONFIG_S_SECRET_ACCESS_KEY"}
    assert list(program.tmp.iterdir()) == []


def test_rclones_environment_holds_nothing_of_the_authors_but_proxies_and_authorities(
    program: Any, place: Any, environments: Path
) -> None:
    place.put({"a": b"1"})
    given = {
        "RCLONE_DUMP": "auth", "RCLONE_CONFIG_S_ENDPOINT": "http://evil.invalid",
        "RCLONE_PASSWORD_COMMAND": "id", "RCLONE_S3_PROFILE": "x", "AWS_ACCESS_KEY_ID": "AKaws",
        "AWS_CA_BUNDLE": "/x", "LD_DEBUG": "no", "FOO": "bar", "RCLONE_DRY_RUN": "true",
        "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
    }  # fmt: skip
    ended = program.download(S3_URI=place.uri, HTTP_PROXY="http://127.0.0.1:1", **given)
    assert (ended.code, ended.result["transferred_files"]) == (0, 1), ended.everything
    environment = environments.read_text()
    for name in ("RCLONE_DUMP", "evil", "PASSWORD_COMMAND", "PROFILE", "AWS_", "LD_DEBUG", "FOO"):
        assert name not in environment
    for line in ("no_proxy=127.0.0.1", "http_proxy=http://127.0.0.1:1", "SSL_CERT_FILE=/etc/ssl"):
        assert line in environment


def test_a_password_of_the_proxy_is_not_shown(program: Any) -> None:
    proxy = "http://user:proxy-canary-77@127.0.0.1:1"
    ended = program.download(S3_URI="s3://data", S3_ENDPOINT="http://h.invalid", HTTP_PROXY=proxy)
    assert ended.reason == "NetworkError"
    assert "proxy-canary-77" not in ended.everything
