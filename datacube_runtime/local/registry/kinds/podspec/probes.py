"""
Probes and lifecycle hooks of a container: what they call, and how patient they are.

Source: validateProbe, validateHandler, validateLifecycle and validateInitContainers in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go; IsValidPortName and IsHTTPHeaderName in
k8s.io/apimachinery/pkg/util/validation/validation.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, denied, required, unknown_choice, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

PORT_MAX = 65535
BAD_PORT = f"must be between 1 and {PORT_MAX}, inclusive"
_HOOKS = ("postStart", "preStop")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_TIMES = (
    "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold",
    "failureThreshold",
)  # fmt: skip
_SCHEMES = ("HTTP", "HTTPS")
_HEADER = "[-A-Za-z0-9]+"
_BAD_HEADER = (
    "a valid HTTP header must consist of alphanumeric characters or '-' "
    f"(e.g. 'X-Header-Name', regex used for validation is '{_HEADER}')"
)
_NOT_FIRST = "may not be set for init containers without restartPolicy=Always"
_PORT_NAME_MAX = 15


def probe_problems(
    path: str, container: Mapping[str, Any], grace_s: int, *, runs_first: bool
) -> Iterator[Cause]:
    """Yield what is wrong with hooks and probes; what ends before the others begin has none."""
    if runs_first and container.get("restartPolicy") != "Always":
        for field in ("lifecycle", *_PROBES):
            if field in container:
                yield denied(at(path, field), _NOT_FIRST)
        return
    lifecycle = container.get("lifecycle") or {}
    for hook in _HOOKS:
        if hook in lifecycle:
            yield from _handler_problems(at(path, "lifecycle", hook), lifecycle[hook], grace_s)
    for name in _PROBES:
        if name in container:
            yield from _problems(at(path, name), name, container[name], grace_s)


def _problems(path: str, name: str, probe: Mapping[str, Any], grace_s: int) -> Iterator[Cause]:
    yield from _handler_problems(path, probe, grace_s)
    for field in _TIMES:
        if probe.get(field, 0) < 0:
            yield wrong(at(path, field), probe[field], "must be greater than or equal to 0")
    field, own_s = at(path, "terminationGracePeriodSeconds"), "terminationGracePeriodSeconds"
    if probe.get(own_s, 1) <= 0:
        yield wrong(field, probe[own_s], "must be greater than 0")
    if name != "readinessProbe":
        if probe.get("successThreshold") != 1:
            yield wrong(at(path, "successThreshold"), probe.get("successThreshold"), "must be 1")
    elif own_s in probe:
        yield wrong(field, probe[own_s], "must not be set for readinessProbes")


def _handler_problems(path: str, handler: Mapping[str, Any], grace_s: int) -> Iterator[Cause]:
    given = [kind for kind in _HANDLERS if kind in handler]
    for kind in given[:1]:
        yield from _action_problems(at(path, kind), kind, handler[kind] or {}, grace_s)
    for kind in given[1:]:
        yield denied(at(path, kind), "may not specify more than 1 handler type")
    if not given:
        yield required(path, "must specify a handler type")


def _action_problems(
    path: str, kind: str, action: Mapping[str, Any], grace_s: int
) -> Iterator[Cause]:
    if kind == "exec":
        if not action.get("command"):
            yield required(at(path, "command"))
    elif kind == "sleep":
        if not 0 <= (seconds := action.get("seconds", 0)) <= grace_s:
            why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
            yield wrong(path, seconds, why)
    else:
        yield from port_problems(at(path, "port"), action.get("port", 0))
    if kind == "httpGet":
        yield from unknown_choice(path, action, "scheme", _SCHEMES)
        for header in action.get("httpHeaders") or ():
            if not re.fullmatch(_HEADER, name := header.get("name", "")):
                yield wrong(at(path, "httpHeaders"), name, _BAD_HEADER)


def port_problems(path: str, port: int | str) -> Iterator[Cause]:
    """Yield what is wrong with a port, by number or by name."""
    if isinstance(port, int):
        if not 1 <= port <= PORT_MAX:
            yield wrong(path, port, BAD_PORT)
        return
    for problem in port_name_problems(port):
        yield wrong(path, port, problem)


def port_name_problems(name: str) -> Iterator[str]:
    """Yield what is wrong with the name of a port."""
    if len(name) > _PORT_NAME_MAX:
        yield f"must be no more than {_PORT_NAME_MAX} characters"
    if not re.fullmatch("[-a-z0-9]+", name):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", name):
        yield "must contain at least one letter (a-z)"
    if "--" in name:
        yield "must not contain consecutive hyphens"
    if name.startswith("-") or name.endswith("-"):
        yield "must not begin or end with a hyphen"
