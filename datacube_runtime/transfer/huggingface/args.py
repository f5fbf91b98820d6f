"""
Which of the author's ``extraArgs`` a Hugging Face transfer takes.

There is no ``hf`` process that gets them: huggingface_hub is used as a library, because the command
cannot be trusted with its exit code. So each argument that is accepted is one whose meaning is
carried out here, under the name that ``hf download`` and ``hf upload`` have for it.

Source: ``hf download --help``, ``hf upload --help`` of huggingface_hub 2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.direction import Direction
from datacube_runtime.transfer.arguments import Allowed, Table, Value, known
from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.arguments import ExtraArgs

WORKERS = 8
_MOST_WORKERS = 64

_COMMON: Table = {
    **known("--repo-type --type", value=Value.REQUIRED),
    **known("--revision", value=Value.REQUIRED),
    **known("--include", value=Value.REQUIRED),
    **known("--exclude", value=Value.REQUIRED),
    **known("--quiet -q"),  # nothing to do: there is one line of progress a second and no more
}
_DOWNLOAD: Table = {
    **_COMMON,
    **known("--max-workers", value=Value.REQUIRED),
    **known("--force-download"),
    # The contract has it in an example. Files go straight to their place: nothing is cached.
    **known("--cache-dir", value=Value.REQUIRED),
}
_UPLOAD: Table = {
    **_COMMON,
    **known("--private"),
    **known("--commit-message", value=Value.REQUIRED),
    **known("--commit-description", value=Value.REQUIRED),
    **known("--create-pr"),
}
_WHY_NOT = {
    "--token": "use the option token, which is in no command line",
    "--local-dir": "use subPath of the volume",
    "--dry-run": "it transfers nothing",
    "--delete": "it deletes files of the repository",
    "--every": "a DataCube is one transfer",
    "--no-private": "a repository is public unless --private is given",
}

ALLOWED: Mapping[Direction, Allowed] = {
    Direction.DOWNLOAD: Allowed(_DOWNLOAD, _WHY_NOT),
    Direction.UPLOAD: Allowed(_UPLOAD, _WHY_NOT),
}


def workers(extra_args: ExtraArgs) -> int:
    """
    Return how many files are transferred at once.

    :raises TransferError: InvalidOption.
    """
    *_, text = ("", *extra_args.values("--max-workers"))
    if not text:
        return WORKERS
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_WORKERS:
        raise invalid("extraArgs", f"--max-workers must be a number from 1 to {_MOST_WORKERS}")
    return int(text)
