"""The two repositories of the demo: one with something to read, one that waits for the result."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOURCE, SINK = "upstream/handbook.git", "downstream/handbook.git"
TAG, BRANCH = "v1.0", "words"
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Demo"), ("EMAIL", "demo@example.com"))
}
"""Who commits, as variables of Git's environment."""

_README = """# Handbook

A model is downloaded, trained and uploaded. A volume holds it in between.
"""
_CHAPTER = """# Volumes

A volume outlives the task. A task outlives its worker, when it is deferred.
"""


def git(*arguments: str | Path, env: Mapping[str, str]) -> str:
    """Run git and return what it printed."""
    return subprocess.run(
        ["git", *map(str, arguments)], env=dict(env), check=True, capture_output=True, text=True
    ).stdout.rstrip()


def make_repositories(root: Path, env: Mapping[str, str]) -> None:
    """Make both bare repositories below ``root``; the first gets two commits, the older tagged."""
    work = root.parent / "author"
    git("init", "--quiet", "--initial-branch=main", work, env=env)
    for text, name, message in ((_README, "README.md", "Begin"), (_CHAPTER, "volumes.md", "More")):
        (work / name).write_text(text)
        git("-C", work, "add", name, env=env)
        git("-C", work, "commit", "--quiet", "--message", message, env=env)
    git("-C", work, "tag", TAG, "main", env=env)
    (work / "README.md").write_text(_README + "\nThis line came after the tag.\n")
    git("-C", work, "commit", "--quiet", "--all", "--message", "After the tag", env=env)
    for name in (SOURCE, SINK):
        bare = root / name
        git("init", "--quiet", "--bare", "--initial-branch=main", bare, env=env)
        git("-C", bare, "config", "http.receivepack", "true", env=env)
    git("-C", work, "push", "--quiet", root / SOURCE, "main", TAG, env=env)


def arrived(root: Path, env: Mapping[str, str]) -> str | None:
    """Return what the second repository's branch holds, for people; None when it is not there."""
    bare = root / SINK
    if not git("-C", bare, "branch", "--list", BRANCH, env=env):
        return None
    history = git("-C", bare, "log", "--oneline", "--decorate=no", BRANCH, env=env)
    words = git("-C", bare, "show", f"{BRANCH}:words.txt", env=env)
    return f"{history}\n\nwords.txt\n" + "\n".join(words.splitlines()[:5])
