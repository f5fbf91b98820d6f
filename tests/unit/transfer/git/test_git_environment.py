from __future__ import annotations

from pathlib import Path

import pytest

from datacube_runtime.transfer.git.environment import git_environment
from datacube_runtime.transfer.git.url import Credential, Remote

ANONYMOUS = Remote("https://h:8443/x.git", "x")
KNOWN = Remote("https://h:8443/x.git", "x", Credential("alice", "canary"))
PRIVATE = Path("/private")


def configuration(environment: dict[str, str]) -> list[tuple[str, str]]:
    count = int(environment["GIT_CONFIG_COUNT"])
    return [
        (environment[f"GIT_CONFIG_KEY_{n}"], environment[f"GIT_CONFIG_VALUE_{n}"])
        for n in range(count)
    ]


def test_the_credential_is_in_one_variable_and_in_no_setting() -> None:
    environment = git_environment({"TOKEN": "canary"}, PRIVATE, KNOWN)
    assert [name for name, value in environment.items() if "canary" in value] == [
        "TRANSFER_GIT_PASSWORD"
    ]


def test_the_helper_is_asked_for_one_server_only_and_after_a_reset() -> None:
    helpers = [
        (key, value)
        for key, value in configuration(git_environment({}, PRIVATE, KNOWN))
        if key.startswith("credential.")
    ]
    assert helpers[0] == ("credential.helper", "")
    assert [key for key, _ in helpers[1:]] == ["credential.https://h:8443.helper"]


def test_without_a_credential_nobody_is_asked() -> None:
    environment = git_environment({}, PRIVATE, ANONYMOUS)
    assert not [name for name in environment if name.startswith("TRANSFER_GIT_")]
    assert dict(configuration(environment))["credential.helper"] == ""


def test_settings_of_the_caller_go_in() -> None:
    environment = git_environment({}, PRIVATE, KNOWN, (("remote.origin.url", "u"),))
    assert ("remote.origin.url", "u") in configuration(environment)


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "GIT_SSH_COMMAND", "GIT_TRACE", "GIT_ASKPASS", "HOME", "GIT_EXEC_PATH"]
)
def test_no_other_variable_of_the_author_gets_in(name: str) -> None:
    assert "canary" not in git_environment({name: "canary"}, PRIVATE, ANONYMOUS).values()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_given_as_libcurl_reads_it(name: str) -> None:
    assert git_environment({name: "p"}, PRIVATE, ANONYMOUS)["http_proxy"] == "p"


def test_an_authority_file_reaches_a_libcurl_without_openssl() -> None:
    environment = git_environment({"SSL_CERT_FILE": "/ca"}, PRIVATE, ANONYMOUS)
    assert environment["GIT_SSL_CAINFO"] == "/ca"
    both = {"SSL_CERT_FILE": "/ca", "GIT_SSL_CAINFO": "/mine"}
    assert git_environment(both, PRIVATE, ANONYMOUS)["GIT_SSL_CAINFO"] == "/mine"
