"""
Carries out the recipe of an image in an empty root, since a container engine is not everywhere.

Docker's own parser reads it. Only what the recipe makes use of is known; anything else is an error.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING

import dockerfile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TRUSTED = "/trusted.crt"
"""In the root: the certificates that this machine's way to the outside needs."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_READ_ONLY = (
    'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t tmpfs tmpfs "$0/tmp"'
    ' && exec chroot "$@"'
)


@dataclass
class Image:
    """A root directory that a recipe was carried out in, and how its processes are started."""

    root: Path
    context: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    base: str = ""
    arguments: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made_of(cls, recipe: Path, root: Path, context: Path) -> Image:
        """Carry a recipe out, from the files of a context, over the base that is in the root."""
        image = cls(root, context)
        steps: Mapping[str, Callable[[Sequence[str]], None]] = {
            "arg": image._arg,
            "from": image._from,
            "env": image._env,
            "run": image._run,
            "copy": image._copy,
            "user": image._user,
            "cmd": image._cmd,
        }
        for step in dockerfile.parse_file(str(recipe)):
            kind = step.cmd.lower()
            assert not step.flags, step.original
            assert step.json == (kind == "cmd"), step.original
            steps[kind](step.value)
        return image

    def run(
        self, *command: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in it, as its user; its root is read-only but for ``/tmp``, as in a pod."""
        return self._done(self._as_in_a_pod(*command), env or {})

    def start(self, *command: str, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in the same way."""
        return subprocess.Popen(
            self._as_in_a_pod(*command), env=self.env, stdout=output, stderr=subprocess.STDOUT
        )

    def _as_in_a_pod(self, *command: str) -> list[str]:
        words = ["unshare", "--mount", "sh", "-c", _READ_ONLY, str(self.root)]
        return [*words, *self._inside(*command)]

    def _inside(self, *command: str) -> list[str]:
        return [f"--userspec={self.user}", str(self.root), *command]

    def _done(
        self, words: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _expanded(self, text: str) -> str:
        known = {**self.arguments, **self.env}
        return _VARIABLE.sub(lambda match: known[match[1]], text)

    def _arg(self, value: Sequence[str]) -> None:
        name, _, default = value[0].partition("=")
        self.arguments[name] = default

    def _from(self, value: Sequence[str]) -> None:
        (name,) = value
        self.base = self._expanded(name)

    def _env(self, value: Sequence[str]) -> None:
        self.env |= dict(zip(value[::2], map(self._expanded, value[1::2]), strict=True))

    def _run(self, value: Sequence[str]) -> None:
        (script,) = value
        outside = {"PIP_CERT": TRUSTED, "DEBIAN_FRONTEND": "noninteractive"}
        done = self._done(["chroot", *self._inside("/bin/sh", "-c", script)], outside)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"

    def _copy(self, value: Sequence[str]) -> None:
        name, place = value
        source, target = self.context / name, self.root / place.lstrip("/")
        assert is_sent(self.context, name), f"{name}: .dockerignore keeps it back"
        for path in [source] if source.is_file() else source.rglob("*"):
            if path.is_file() and is_sent(self.context, str(path.relative_to(self.context))):
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)

    def _user(self, value: Sequence[str]) -> None:
        (self.user,) = value

    def _cmd(self, value: Sequence[str]) -> None:
        self.command = list(value)


def is_sent(context: Path, name: str, ignore: str = ".dockerignore") -> bool:
    """Tell whether a list lets a file, or a directory, go to who builds the image."""
    sent = True
    for line in (context / ignore).read_text().splitlines():
        if line and not line.startswith("#") and _is_meant(name, line.removeprefix("!")):
            sent = line.startswith("!")  # the last word wins
    return sent


def _is_meant(name: str, pattern: str) -> bool:
    """Tell whether a pattern means a path, or a directory that it is in."""
    parts = Path(name).parts
    if pattern.startswith("**/"):
        return any(fnmatchcase(part, pattern[3:]) for part in parts)
    above = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return any(fnmatchcase(path, pattern.removesuffix("/**")) for path in above)
