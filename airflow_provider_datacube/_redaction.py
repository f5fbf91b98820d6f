"""
What a cluster says, made fit for a task's log: without secrets, and unable to pass for more.

A condition, an Event and above all a pod's log may hold anybody's words. Our own transfer program
redacts its log by the values that it knows; on another platform nobody may have. Here no value is
known, so a secret is told by its form or by the name before it. Redacting too much costs a word in
a log; too little costs a token. Airflow's masker, which knows the values of connections, comes on
top wherever Airflow writes.

A word must not move the cursor, begin a line of its own, or open and close Airflow's log groups,
which would hide what stands between.

Every pattern takes time linear in the text: none begins with a repetition.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from datacube_api.masking import MASK, SECRET_NAME
from datacube_api.status import Outcome

LONGEST: Final = 2000
"""Characters of one saying: a condition's message may have 32 KiB."""

_LONGEST_LINE = 400
_LONGEST_LOG = 64 * 1024

# What a terminal takes for a command: colours, cursors, titles, and the rest.
_COMMANDS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)
_GROUP = re.compile(r"::(?=(?:end)?group::)")

_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
_WORD = r"[^\s\"']+"
_NAME = rf"{SECRET_NAME}[\w.-]{{0,40}}"
_KEY = r"[A-Z ]{0,20}PRIVATE KEY-----"

_TOKENS = (
    r"hf_[A-Za-z0-9]{8,}",  # Hugging Face
    r"gh[a-z]_[A-Za-z0-9]{16,}",  # GitHub
    r"github_pat_\w{20,}",
    r"gl[a-z]{2,6}-[\w-]{16,}",  # GitLab
    r"A(?:KIA|SIA)[A-Z0-9]{12,}",  # AWS
    r"sk-[\w-]{20,}",
    r"xox[a-z]-[\w-]{10,}",  # Slack
    r"(?:npm_|pypi-)[\w-]{30,}",
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",  # a JSON Web Token
)
_WHOLE = (
    # A key whose beginning or end is not among the lines goes with all that it may be in.
    rf"(?s:-----BEGIN {_KEY}.*?(?:-----END {_KEY}|\Z))",
    rf"(?s:\A.*-----END {_KEY})",
    rf"(?<![A-Za-z0-9])(?:{'|'.join(_TOKENS)})",
)
"""What is a secret by its own form."""

_AFTER = (
    (r"://", r"[^\s/?#\"']*(?=@)"),
    (r"(?i:authorization['\"]?\s{0,3}[:=]\s{0,3})", rf"{_QUOTED}|[^\n]+"),
    (r"(?i:bearer\s{1,3})", _WORD),
    (r"(?i:\bbasic\s{1,3})", r"(?=[A-Za-z+/]{0,80}[\d=])[A-Za-z0-9+/]{6,}={0,2}"),
    # NAME=value, also in the query of a signed URL; "name": "value"; --name value.
    (rf"(?:{_NAME}|(?i:signature|\bsig))['\"]?\s{{0,3}}=\s{{0,3}}", rf"{_QUOTED}|[^\s\"'&]+"),
    (rf"{_NAME}['\"]\s{{0,3}}:\s{{0,3}}", _QUOTED),
    (rf"--[\w-]{{0,40}}?{_NAME}\s{{1,3}}", r"[^\s-]\S*"),
    # A name and a colon are ordinary prose, unless what follows looks like no word.
    (
        r"(?i:(?:token|passw(?:or)?d|(?:api|access|secret)[_ -]?key):\s{1,3})",
        r"(?=[A-Za-z_+/-]{0,80}\d)[\w+/=.~-]{12,}",
    ),
)
"""What is a secret by what stands before it."""


def safe(text: object, longest: int = LONGEST) -> str:
    """Return one line that may be shown: clean, redacted, not too long."""
    lines = (line.strip() for line in _safe(str(text)[:_LONGEST_LOG]).split("\n"))
    return _cut(" / ".join(filter(None, lines)), longest)


def safe_lines(log: str, most: int) -> tuple[str, ...]:
    """Return the last lines of a log, each as it may be shown."""
    lines = _safe(log[-_LONGEST_LOG:]).split("\n")
    if len(log) > _LONGEST_LOG:  # then the first is no whole line
        lines = lines[1:] or lines
    told = [line.rstrip() for line in lines if line.strip()]
    return tuple(_cut(line, _LONGEST_LINE) for line in told[-most:])


def safe_outcome(outcome: Outcome) -> Outcome:
    """Return the same outcome in words that may be shown."""
    words = (outcome.reason, outcome.message, outcome.pod, outcome.pod_status)
    return Outcome(outcome.phase, *map(safe, words))


def _safe(text: str) -> str:
    text = "\n".join(map(_clean, text.split("\n")))
    for secret in _secrets():
        text = secret.sub(rf"\1{MASK}", text)
    return _GROUP.sub(": :", text)


@cache
def _secrets() -> tuple[re.Pattern[str], ...]:
    """Compile them when first needed: a DAG that is parsed needs none."""
    all_ = (*(("", whole) for whole in _WHOLE), *_AFTER)
    return tuple(re.compile(rf"({before})(?:{secret})") for before, secret in all_)


def _clean(line: str) -> str:
    """Return what a terminal would show of a line in the end: of a progress bar, its last state."""
    plain = _COMMANDS.sub("", line.rstrip("\r").rpartition("\r")[2])
    return "".join(letter if letter.isprintable() else " " for letter in plain)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
