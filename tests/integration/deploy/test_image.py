"""The recipe of the image, carried out in an empty Debian, and what came of it at work."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.models import PVC, S3, Executor, Git, HuggingFace, SecretRef, Spec
from datacube_api.reasons import Reason
from demo.git_server import GitServer
from tests.e2e.services import Services
from tests.integration.deploy.kubelet import Kubelet
from tests.integration.deploy.recipe import TRUSTED, Image, is_sent
from tests.rights.building import DEPLOY, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacube_api.ends import End

GIT_TOKEN = "canary-token"
VOLUME = PVC("data", sub_path="deep/work")
TMP = "/tmp"  # noqa: S108 - the pod's own
PLACES = ("/", "/dev", "/opt/datacube", f"/var{TMP}", "/run/lock", "/home", "/volume", TMP)
RECIPE = DEPLOY / "image/Dockerfile"
OUR_OWN = Path("/etc/ssl/certs/ca-certificates.crt")
# What Debian's own slim images leave out, and lists that the recipe would only fetch again.
SLIM = (
    *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "info", "locale", "man")),
    *("--dpkgopt=path-include=/usr/share/doc/*/copyright", "--dpkgopt=force-unsafe-io"),
    *('--aptopt=Acquire::Languages "none"', "--skip=cleanup/apt"),
)

can_build = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mmdebstrap") is None,
    reason="an empty Debian takes root and mmdebstrap",
)
# Whichever of them comes first makes the image: a minute.
in_the_image = [pytest.mark.slow, pytest.mark.timeout(400), can_build]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    root = tmp_path_factory.mktemp("image") / "root"
    words = ["mmdebstrap", "--quiet", "--variant=apt", "--mode=root", *SLIM]
    subprocess.run([*words, "bookworm", root], check=True, capture_output=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    shutil.copy(OUR_OWN, root / TRUSTED.lstrip("/"))
    yield Image.made_of(RECIPE, root, ROOT)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with (
        GitServer(tmp_path_factory.mktemp("git"), GIT_TOKEN) as git,
        Services(tmp_path_factory.mktemp("services"), git) as services,
    ):
        yield services


def there_and_back(kubelet: Kubelet, source: End, sink: End, env: dict[str, str]) -> None:
    """Download into the volume, and upload from it."""
    executor = Executor(env=env)
    for spec in (
        Spec(source=source, sink=VOLUME, executor=executor),
        Spec(source=VOLUME, sink=sink, executor=executor),
    ):
        ended = kubelet.run(spec)
        assert ended.reason is Reason.TRANSFER_SUCCEEDED, ended


class TestInTheImage:
    pytestmark = in_the_image

    @pytest.mark.parametrize("program", ["datacube-controller", "datacube-transfer"])
    def test_both_programs_start(self, image: Image, program: str) -> None:
        done = image.run(program, "--help")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"usage: {program}")

    @pytest.mark.parametrize("module", ["airflow", "datacube_runtime.local", "pip"])
    def test_what_does_not_belong_there_is_not_there(self, image: Image, module: str) -> None:
        done = image.run("python", "-c", f"import {module}")
        assert "ModuleNotFoundError" in done.stderr

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("git", "--version"), "git version 2."),
            (("git", "lfs", "--version"), "git-lfs/3."),
            (("rclone", "--version"), "rclone v1."),
            (("hf", "--version"), ""),
        ],
    )
    def test_every_engine_tells_its_version(
        self, image: Image, words: tuple[str, ...], said: str
    ) -> None:
        done = image.run(*words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(said)

    def test_the_wheels_are_those_that_the_tests_run_with(self, image: Image) -> None:
        words = "import huggingface_hub, aiohttp; print(huggingface_hub.__version__)"
        said = image.run("python", "-c", words).stdout.strip()
        assert f"huggingface-hub=={said} " in (ROOT / "requirements/dev.txt").read_text()

    def test_it_is_small_and_its_user_is_nobody_special(self, image: Image) -> None:
        done = subprocess.run(
            ["du", "-sxm", image.root], capture_output=True, text=True, check=True
        )
        assert int(done.stdout.split()[0]) < 400
        assert image.run("id", "-u").stdout == "1000\n"
        assert image.run("touch", "/opt/datacube/here").returncode != 0

    def test_git_both_ways_in_a_pod(self, image: Image, services: Services, tmp_path: Path) -> None:
        services.make_git_repository("team/repo", tag="v1")
        services.git.create("copies/repo")
        kubelet = Kubelet(image, tmp_path, {("git", "token"): GIT_TOKEN})
        ends = [
            Git(url=f"{services.git.url}/{name}/repo.git", token=SecretRef("git", "token"))
            for name in ("team", "copies")
        ]
        there_and_back(kubelet, *ends, env={"LC_ALL": "C.UTF-8"})
        assert services.git_branches("copies/repo") == ["main"]

    def test_the_hub_both_ways_in_a_pod(
        self, image: Image, services: Services, tmp_path: Path
    ) -> None:
        services.make_hub_repository("team/model", {"a.bin": bytes(200_000), "deep/b.txt": b"b"})
        services.make_hub_repository("team/copy", {})
        token = SecretRef("hub", "token")
        kubelet = Kubelet(image, tmp_path, {("hub", "token"): services.hub_token})
        ends = [HuggingFace(repo=f"team/{name}", token=token) for name in ("model", "copy")]
        there_and_back(kubelet, *ends, env={"HF_ENDPOINT": services.hub.url})
        assert sorted(services.hub_files("team/copy")) == ["a.bin", "deep/b.txt"]

    def test_s3_both_ways_in_a_pod(self, image: Image, services: Services, tmp_path: Path) -> None:
        services.make_bucket("bucket", {"from/a.txt": "one", "from/deep/b.txt": "two"})
        key = services.s3_key
        kubelet = Kubelet(
            image,
            tmp_path,
            {("s3", "id"): key.access_key_id, ("s3", "secret"): key.secret_access_key},
        )
        store = {
            "endpoint": services.s3.url,
            "access_key_id": SecretRef("s3", "id"),
            "secret_access_key": SecretRef("s3", "secret"),
            "no_check_bucket": True,
        }
        ends = [S3(uri=f"s3://bucket/{name}", **store) for name in ("from", "copy")]
        there_and_back(kubelet, *ends, env={})
        assert services.objects("bucket/copy") == ["a.txt", "deep/b.txt"]

    def test_a_pod_can_write_to_its_volume_and_tmp_alone(
        self, image: Image, tmp_path: Path
    ) -> None:
        kubelet = Kubelet(image, tmp_path, {})
        script = "; ".join(f"touch {place}/x 2>/dev/null && echo {place}" for place in PLACES)
        git = Git(url="https://git.example/r.git")
        down = kubelet.shell(Spec(source=git, sink=VOLUME), script)
        assert down.split() == ["/volume", TMP]
        up = kubelet.shell(Spec(source=VOLUME, sink=git), script)
        assert up.split() == [TMP]

    def test_a_variable_of_a_datacube_says_not_what_is_imported(self, image: Image) -> None:
        script = (
            "mkdir /tmp/json; echo 'print(\"hijacked\")' > /tmp/json/__init__.py;"
            " PYTHONPATH=/tmp datacube-transfer --help"
        )
        done = image.run("sh", "-c", script)
        assert done.returncode == 0
        assert "hijacked" not in done.stdout

    def test_the_controller_works_from_it(
        self, image: Image, bare: Any, until: Any, tmp_path: Path
    ) -> None:
        shutil.copy(bare.kubeconfig, image.root / "kubeconfig")
        (image.root / "kubeconfig").chmod(0o644)
        words = ("datacube-controller", "--kubeconfig", "/kubeconfig", "--listen", "127.0.0.1:0")
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = image.start(*words, output=output)
        try:
            until(lambda: "working on all namespaces" in log.read_text())
        finally:
            process.terminate()
            code = process.wait(30)
        assert code == 0, log.read_text()


def test_nothing_but_what_the_image_is_made_of_leaves_the_checkout() -> None:
    names = subprocess.run(
        ["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    sent = {Path(name).parts[0] for name in names if is_sent(ROOT, name)}
    assert sent == {"datacube_api", "datacube_runtime", "deploy", "requirements"}
    for name in (
        ".git/config",
        ".demo/git-credential",
        ".venv/x",
        "datacube_api/__pycache__/x.pyc",
    ):
        assert not is_sent(ROOT, name)
    assert not is_sent(ROOT, "datacube_runtime/local/store.py")


def test_the_image_is_locked_by_hash_and_to_the_versions_of_the_tests() -> None:
    locked = (ROOT / "requirements/runtime.txt").read_text()
    ours = (ROOT / "requirements/dev.txt").read_text()
    pins = [line.split()[0] for line in locked.splitlines() if "==" in line and line[0] != " "]
    assert len(pins) > 20
    for pin in pins:
        assert f"\n{pin} " in f"\n{ours}", pin
    assert locked.count("--hash=sha256:") >= len(pins)
    assert not [pin for pin in pins if "airflow" in pin]
