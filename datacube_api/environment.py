"""Options become environment variables: the name, and the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacube_api.core import EnvVar


def to_variable(option: str) -> str:
    """
    Return the variable that an option's name becomes: ``s3-access-key-id`` → ``S3_ACCESS_KEY_ID``.

    Only ASCII letters change case, as CEL's ``upperAscii`` does it.

    Source: "Options become environment variables" in the contract.
    """
    upper = "".join(c.upper() if c.isascii() else c for c in option)
    return upper.replace("-", "_")


def to_env(options: Iterable[EnvVar], extra: Iterable[EnvVar] = ()) -> tuple[EnvVar, ...]:
    """
    Return the variables of the transfer container, in the order given: options, then ``extra``.

    Order matters: the kubelet expands ``$(TOKEN)`` only from variables defined earlier in the
    list, which is why ``token`` is written above ``url``. ``valueFrom`` is passed through unread;
    this function never sees a secret. That no two names collide is a rule of ``Spec``.

    Source: "Options become environment variables" in the contract.
    """
    renamed = (o.model_copy(update={"name": to_variable(o.name)}) for o in options)
    return (*renamed, *extra)
