"""
Which of the author's ``extraArgs`` rclone gets.

rclone's arguments can run commands (``--metadata-mapper``), read other files (``--files-from``),
show credentials (``--dump``) and lead elsewhere (``--backup-dir``). What chooses among the files of
the source is given to the listing as well, so that what is said about the source is true.

Source: https://rclone.org/flags/, https://rclone.org/s3/ and https://rclone.org/filtering/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.direction import Direction
from datacube_runtime.transfer.arguments import Allowed, Table, Value, known

if TYPE_CHECKING:
    from collections.abc import Mapping

COPY, LIST = "copy", "list"
"""``copy`` stands for ``sync`` too: the two know the same arguments."""

_FLAGS = (
    "--checksum -c", "--size-only", "--ignore-times -I", "--ignore-existing", "--update -u",
    "--use-server-modtime", "--no-update-modtime", "--no-traverse", "--no-check-dest",
    "--check-first", "--fast-list", "--use-mmap", "--immutable", "--error-on-no-transfer",
    "--ignore-checksum", "--s3-no-head", "--s3-no-head-object", "--s3-requester-pays",
)  # fmt: skip
_VALUES = (
    "--transfers", "--checkers", "--bwlimit", "--tpslimit", "--tpslimit-burst", "--retries",
    "--retries-sleep", "--low-level-retries", "--timeout", "--contimeout", "--buffer-size",
    "--multi-thread-streams", "--multi-thread-cutoff", "--multi-thread-chunk-size",
    "--modify-window", "--order-by", "--max-backlog", "--max-transfer", "--max-duration",
    "--cutoff-mode", "--s3-list-chunk", "--s3-list-version",
)  # fmt: skip
_CHOOSING = ("--max-size", "--min-size", "--max-age", "--min-age", "--max-depth")
_PATTERNS = ("--include", "--exclude")
_DELETING = ("--max-delete", "--max-delete-size")
_UPLOADING = (
    "--s3-chunk-size", "--s3-upload-concurrency", "--s3-upload-cutoff", "--s3-storage-class",
    "--s3-acl", "--s3-server-side-encryption", "--s3-sse-kms-key-id",
)  # fmt: skip
_REQUIRED = Value.REQUIRED


def _table(names: tuple[str, ...], *commands: str, value: Value = _REQUIRED) -> Table:
    return {
        name: entry for row in names for name, entry in known(row, *commands, value=value).items()
    }


_COMMON: Table = {
    **_table(_FLAGS, COPY, value=Value.NONE),
    **_table(_VALUES, COPY),
    **_table((*_CHOOSING, *_PATTERNS), COPY, LIST),
    **_table(("--ignore-case",), COPY, LIST, value=Value.NONE),
}
_DOWNLOAD: Table = {**_COMMON, **_table(_DELETING, COPY)}
_UPLOAD: Table = {
    **_COMMON,
    **_table(_UPLOADING, COPY),
    **_table(("--s3-disable-checksum", "--s3-no-check-bucket"), COPY, value=Value.NONE),
}
_ELSEWHERE, _OTHER_FILES = "it leads elsewhere", "it reads other files"
_OPTION, _EARLY = "use the option {}", "it deletes before the new data is there"
_LOG = "progress is read from the log, whose form is ours"
_WHY_NOT = {
    **dict.fromkeys(("--backup-dir", "--compare-dest", "--copy-dest", "--config"), _ELSEWHERE),
    **dict.fromkeys(
        ("--files-from", "--files-from-raw", "--include-from", "--exclude-from", "--filter-from"),
        _OTHER_FILES,
    ),
    **dict.fromkeys(("--ca-cert", "--client-cert", "--client-key"), _OTHER_FILES),
    **dict.fromkeys(("--password-command", "--metadata-mapper"), "it runs a command"),
    **dict.fromkeys(("--dump", "--dump-headers", "--dump-bodies"), "it shows credentials"),
    **dict.fromkeys(("--rc", "--rc-addr"), "it lets others steer the transfer"),
    **dict.fromkeys(
        ("--header", "--header-download", "--header-upload", "--s3-sse-customer-key"),
        "a credential may be in it, and everybody can read arguments",
    ),
    **dict.fromkeys(("--delete-before", "--delete-during", "--delete-excluded"), _EARLY),
    **dict.fromkeys(("--dry-run", "-n"), "it would call a success what moved nothing"),
    **dict.fromkeys(("--copy-links", "-L", "--links", "-l"), "links may lead out of the volume"),
    **dict.fromkeys(("--inplace", "--partial-suffix"), "half a file would have its final name"),
    **dict.fromkeys(
        ("--verbose", "-v", "--quiet", "-q", "--progress", "-P", "--log-file", "--log-level",
         "--stats", "--use-json-log"),
        _LOG,
    ),
    "--no-check-certificate": "anybody could pretend to be the server; use SSL_CERT_FILE",
    "--filter": "use --include or --exclude",
    "-f": "use --include or --exclude",
    "--s3-endpoint": _OPTION.format("s3-endpoint"),
    "--s3-region": _OPTION.format("s3-region"),
    "--s3-access-key-id": _OPTION.format("s3-access-key-id"),
    "--s3-secret-access-key": _OPTION.format("s3-secret-access-key"),
    "--s3-session-token": _OPTION.format("s3-session-token"),
}  # fmt: skip

ALLOWED: Mapping[Direction, Allowed] = {
    Direction.DOWNLOAD: Allowed(_DOWNLOAD, _WHY_NOT),
    Direction.UPLOAD: Allowed(_UPLOAD, _WHY_NOT),
}
