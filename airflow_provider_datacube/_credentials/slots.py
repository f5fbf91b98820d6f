"""
What each kind of service takes for credentials: one table. Pure.

A *field* is called as the constructors of the ends call it. Its value lies in a Secret under a
*key* (those of the platform's own manual), and reaches the transfer as an option of the contract
or, where the contract has none, as a variable of ``executor.env``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from datacube_api.direction import ServiceType
from datacube_api.environment import to_variable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Slot:
    """One field, and where it goes: into ``option``, or else into ``variable``."""

    field: str
    key: str
    option: str = ""
    variable: str = ""
    is_required: bool = False
    is_public: bool = False
    """An address, no credential: it may stand in a DataCube."""
    is_usual: bool = True
    """Whether a Secret is expected to have it without being told so."""

    @property
    def target(self) -> str:
        """The variable of the transfer, whichever way it gets there."""
        return self.variable or to_variable(self.option)


TOKEN: Final = Slot("token", "token", option="token", is_required=True)
USERNAME: Final = Slot("username", "username", option="username", is_usual=False)

SLOTS: Final[Mapping[str, tuple[Slot, ...]]] = {
    ServiceType.GIT: (TOKEN, USERNAME),
    ServiceType.HUGGINGFACE: (
        TOKEN,
        Slot("endpoint", "endpoint", variable="HF_ENDPOINT", is_public=True),
    ),
    ServiceType.S3: (
        Slot("access_key_id", "accessKeyID", option="s3-access-key-id", is_required=True),
        Slot(
            "secret_access_key", "secretAccessKey", option="s3-secret-access-key", is_required=True
        ),
        Slot("session_token", "sessionToken", variable="S3_SESSION_TOKEN"),
        Slot("endpoint", "endpoint", option="s3-endpoint", is_public=True),
        Slot("region", "region", variable="S3_REGION", is_public=True),
    ),
}


class Service(NamedTuple):
    """The end of a spec that is no volume: ``source`` or ``sink``, and its type."""

    where: str
    kind: str


def service_of(spec: Mapping[str, Any]) -> Service | None:
    """Return which end is a service; None where that cannot be told (yet)."""
    for where in ("source", "sink"):
        end = spec.get(where)
        kind = end.get("type") if isinstance(end, dict) else None
        if isinstance(kind, str) and kind in SLOTS:
            return Service(where, kind)
    return None
