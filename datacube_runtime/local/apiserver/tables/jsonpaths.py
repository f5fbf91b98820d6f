"""
The paths of printer columns: fields, indices and filters by equality, which is what is in use.

Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.?(?P<field>[A-Za-z0-9_/-]+(?:\\\.[A-Za-z0-9_/-]+)*)
      | \[\?\(@\.(?P<key>\w+)\s*==\s*(?P<quote>['"])(?P<value>[^'"]*)(?P=quote)\)\]
      | \[(?P<index>\d+|\*)\]
      | \[(?P<q2>['"])(?P<name>[^'"]+)(?P=q2)\]""",
    re.VERBOSE,
)


def read_path(path: str, obj: Any) -> Any:
    """Return what a path finds first; None where there is nothing."""
    found, start = [obj], 0
    path = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while start < len(path):
        step = _STEP.match(path, start)
        if step is None:
            return None
        found = [value for one in found for value in _below(one, step)]
        start = step.end()
    return found[0] if found else None


def _below(value: Any, step: re.Match[str]) -> list[Any]:
    field = step["field"] or step["name"]
    if field is not None:
        below = value.get(field.replace("\\.", ".")) if isinstance(value, dict) else None
        return [] if below is None else [below]
    if not isinstance(value, list):
        return []
    if step["index"] is not None:
        return value if step["index"] == "*" else value[int(step["index"]) :][:1]
    return [v for v in value if isinstance(v, dict) and str(v.get(step["key"])) == step["value"]]
