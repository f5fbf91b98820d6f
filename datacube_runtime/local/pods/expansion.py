"""
``$(VAR)`` in commands, arguments and values, read as the kubelet reads it.

Pure text. It knows neither containers nor Secrets, and does not care what a name looks like: the
kubelet takes everything up to the next ``)`` for a name, so ``$(a b)`` is one too. One difference:
Kubernetes breaks a letter of several bytes that follows a lone ``$``; here it stays whole.

Source: Expand in third_party/forked/golang/expansion/expand.go of kubernetes/kubernetes
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacube_runtime.local.pods.errors import ContainerConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYNTAX = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """
    Return ``text`` with each ``$(NAME)`` replaced.

    ``$$`` is an escaped ``$``; a name that is not in ``variables`` stays as it is written, and what
    a value brings in is not expanded again.
    """

    def replacement(found: re.Match[str]) -> str:
        name = found[1]
        return "$" if name is None else variables.get(name, found[0])

    return _SYNTAX.sub(replacement, text)


def expand_all(text: str, variables: Mapping[str, str]) -> str:
    """
    Return the same, where every name has to stand for something: a ``subPathExpr``.

    :raises ContainerConfigError: a variable is not there, or empty.

    Source: ExpandContainerVolumeMounts in kubernetes/pkg/kubelet/container/helpers.go
    """
    names = {name for name in _SYNTAX.findall(text) if not variables.get(name)} - {""}
    if names:
        raise ContainerConfigError(f"missing value for {', '.join(sorted(names))}")
    return expand(text, variables)
