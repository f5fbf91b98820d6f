"""
What may be the key and the value of a label, in the words of a real server.

Pure functions over texts; where a label stands, and what a refusal looks like, is the caller's
business.

Source: IsLabelKey and IsLabelValue in k8s.io/apimachinery/pkg/api/validate/content/kube.go
"""

from __future__ import annotations

import re

from datacube_runtime.local.registry.metadata.names import domain_problems

_LONGEST = 63
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_NAME})?"
_ALPHANUMERIC = (
    "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)
_BAD_NAME = (
    f"must {_ALPHANUMERIC} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_NAME}')"
)
_BAD_KEY = (
    f"a valid label key {_BAD_NAME} with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_BAD_VALUE = (
    f"a valid label must be an empty string or {_ALPHANUMERIC} (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_VALUE}')"
)
_EMPTY = "must be non-empty"
_TOO_LONG = f"must be no more than {_LONGEST} bytes"


def label_key_problems(key: str) -> list[str]:
    """Return what is wrong with the key of a label: a name, or a domain and a name."""
    if key.count("/") > 1:
        return [_BAD_KEY]
    prefix, slash, name = key.rpartition("/")
    found = []
    if slash:
        problems = domain_problems(prefix) if prefix else [_EMPTY]
        found += [f"prefix part {problem}" for problem in problems]
    if not name:
        found.append(f"name part {_EMPTY}")
    elif len(name.encode()) > _LONGEST:
        found.append(f"name part {_TOO_LONG}")
    if not re.fullmatch(_NAME, name):
        found.append(f"name part {_BAD_NAME}")
    return found


def label_value_problems(value: str) -> list[str]:
    """Return what is wrong with the value of a label, which may be empty."""
    found = [_TOO_LONG] if len(value.encode()) > _LONGEST else []
    return found if re.fullmatch(_VALUE, value) else [*found, _BAD_VALUE]
