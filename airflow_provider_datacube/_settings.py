"""
A task's settings: what no template changes, looked at when the DAG is parsed.

Airflow stores whatever it is given, and a wrong one would be found by a worker at night.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._templates import holds_template, is_nothing
from datacube_api.core import DNS_SUBDOMAIN
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
LONGEST_NAMES: Final = {"name": 253, "namespace": 63}


def seconds(field: str, value: object) -> float:
    """
    Return a length of time in seconds.

    :raises DataCubeSpecError: it is none, or none that has to pass first; names the argument.
    """
    length = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(length, bool) or not isinstance(length, int | float) or not math.isfinite(length):
        raise DataCubeSpecError(
            (f"{field}: must be a number of seconds or a timedelta, not {_shown(length)}",)
        )
    if length <= 0:
        raise DataCubeSpecError((f"{field}: must be more than 0 seconds, not {length:g}",))
    return length


def check_choice(field: str, value: object, choices: Sequence[object]) -> None:
    """
    Say that an argument is nothing of what it may be.

    :raises DataCubeSpecError: names the argument and the choices.
    """
    if value not in choices:
        raise DataCubeSpecError((f"{field}: must be one of {', '.join(map(str, choices))}",))


def check_text(field: str, value: object, why: str = "is empty") -> None:
    """
    Say that nothing stands in an argument, or no text; a template may still bring one.

    :raises DataCubeSpecError: names the argument.
    """
    if is_nothing(value):
        raise DataCubeSpecError((f"{field}: {why}",))
    if not isinstance(value, str) and not holds_template(value):
        raise DataCubeSpecError((f"{field}: must be a text, not {type(value).__name__}",))


def check_rendered(field: str, value: object) -> None:
    """
    Say that a template left nothing of an argument, or no text.

    :raises DataCubeSpecError: names the argument.
    """
    check_text(field, value, "its template rendered to nothing")
    if not isinstance(value, str):
        raise DataCubeSpecError((f"{field}: must be a text, not {type(value).__name__}",))


def check_names(**given: object) -> None:
    """
    Say what Kubernetes would refuse of a ``name`` or a ``namespace`` that no template is in.

    :raises DataCubeSpecError: names the arguments.
    """
    known = {
        f: value for f, value in given.items() if value is not None and not holds_template(value)
    }
    if problems := tuple(text for f, value in known.items() for text in name_problems(f, value)):
        raise DataCubeSpecError(problems)


def name_problems(field: str, value: Any) -> Iterator[str]:
    """Yield what Kubernetes would refuse of a name; the last part of ``field`` says what of."""
    longest = LONGEST_NAMES[field.rpartition(".")[2]]
    if not isinstance(value, str) or not re.fullmatch(DNS_SUBDOMAIN, value):
        yield f"{field}: must be lower case letters, digits, '-' and '.' (a DNS name)"
    elif len(value) > longest:
        yield f"{field}: must have at most {longest} characters"


def _shown(value: object) -> str:
    return str(value) if isinstance(value, float) else type(value).__name__
