from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.pod_settings import PodSettings
from datacube_api.reference import CubeRef
from datacube_runtime.controller.arguments import Command, command
from datacube_runtime.controller.logs import JsonFormatter
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    "kubernetes_asyncio",
    "prometheus_client",
    "aiohttp",
    "airflow",
    "airflow_provider_datacube",
)


def line_of(message: str, **fields: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "c", "levelname": "INFO", "msg": message, **fields})
    line: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return line


def test_a_line_of_the_log_says_what_happened_to_whom() -> None:
    line = line_of("created Job x", cube=CubeRef("ns", "cube", "uid-1"))
    assert line["event"] == "created Job x"
    assert (line["namespace"], line["name"], line["uid"]) == ("ns", "cube", "uid-1")


def test_a_line_about_no_cube_names_none() -> None:
    assert set(line_of("stopped")) == {"time", "level", "logger", "event"}


def test_an_error_is_one_line_too() -> None:
    error = ValueError("first\nsecond")
    record = logging.makeLogRecord({"msg": "broken", "exc_info": (type(error), error, None)})
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert "ValueError: first\nsecond" in json.loads(text)["error"]


def test_arguments_become_settings() -> None:
    argv = ["--namespace", "ml", "--image", "i:2", "--workers", "2", "--volume-grace", "1.5"]
    given = command([*argv, "--namespace", "b", "--image-pull-policy", "Always"])
    expected = Settings("i:2", "Always", ("ml", "b"), workers=2, volume_grace_s=1.5)
    assert given == Command(expected)
    assert command([]) == Command()


def test_a_process_is_told_how_to_run() -> None:
    argv = ["--leader-elect", "--lease-namespace", "ns", "--lease-times", "3,2,1", "--resync", "9"]
    given = command([*argv, "--listen", "[::]:81", "--qps", "0", "--log-format", "text"])
    expected = Command(
        Settings(resync_s=9),
        leader_elect=True,
        lease_namespace="ns",
        lease_times=(3, 2, 1),
        listen=("::", 81),
        qps=0,
        log_format="text",
    )
    assert given == expected
    assert command(["--listen", "off"]).listen is None


@pytest.mark.parametrize(
    "argv",
    [
        ["--workers", "0"],
        ["--workers", "x"],
        ["--log-level", "x"],
        ["--listen", "8080"],
        ["--listen", "h:99999"],
        ["--qps", "-1"],
        ["--qps", "nan"],
        ["--resync", "0"],
        ["--lease-times", "10,15,2"],
        ["--lease-times", "15,10"],
    ],
)
def test_a_senseless_argument_is_a_usage_error(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        command(argv)
    assert error.value.code == 2


def test_help_loads_no_client_and_no_airflow() -> None:
    script = (
        "import sys\nfrom datacube_runtime.controller.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "--kubeconfig" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_file_gives_the_defaults_of_pod_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("ttlSecondsAfterFinished: 3600\nnodeSelector: {disk: ssd}\n")
    expected = PodSettings(ttl_seconds_after_finished=3600, node_selector={"disk": "ssd"})
    assert command(["--settings", str(path)]).settings.defaults == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ttl: 1", "settings.yaml.ttl: is no setting"),
        ("suspend: maybe", "settings.yaml.suspend: "),
        ("[1]", "must be a mapping"),
        ("a: {", "cannot read"),
    ],
)
def test_a_mistake_in_that_file_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(SystemExit) as error:
        command(["--settings", str(tmp_path / "settings.yaml")])
    assert error.value.code == 2
    assert said in capsys.readouterr().err
