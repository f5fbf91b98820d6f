"""
The containers of a pod: names, images, ports, and what each of them holds.

Source: validateContainers, validateInitContainers and validateContainerPorts in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    at,
    duplicate,
    each,
    required,
    unknown_choice,
    wrong,
)
from datacube_runtime.local.registry.kinds.podspec.probes import (
    BAD_PORT,
    PORT_MAX,
    port_name_problems,
    probe_problems,
)
from datacube_runtime.local.registry.kinds.podspec.resources import resource_problems
from datacube_runtime.local.registry.kinds.podspec.security import context_problems
from datacube_runtime.local.registry.kinds.podspec.variables import (
    bulk_problems,
    variable_problems,
)
from datacube_runtime.local.registry.kinds.podspec.volumes import mount_problems
from datacube_runtime.local.registry.metadata.names import label_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def container_problems(path: str, spec: Mapping[str, Any], volumes: set[str]) -> Iterator[Cause]:
    """Yield what is wrong with the containers of the spec at ``path``: there has to be one."""
    where, own = at(path, "containers"), spec.get("containers")
    if not own:
        yield required(where)
    taken: set[str] = set()
    yield from _all_problems(where, spec, volumes, taken)
    yield from _all_problems(at(path, "initContainers"), spec, volumes, taken)


def _all_problems(
    path: str, spec: Mapping[str, Any], volumes: set[str], taken: set[str]
) -> Iterator[Cause]:
    """Yield what is wrong with the containers at ``path``, by names that others have not taken."""
    field, grace_s = path.rpartition(".")[2], spec["terminationGracePeriodSeconds"]
    for where, container in each(path, spec.get(field)):
        yield from _problems(where, container, volumes)
        name = container.get("name", "")
        if name in taken:
            yield duplicate(at(where, "name"), name)
        taken.add(name)
        runs_first = field == "initContainers"
        yield from probe_problems(where, container, grace_s, runs_first=runs_first)


def _problems(path: str, container: Mapping[str, Any], volumes: set[str]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(at(path, "name"))
    for problem in label_problems(name) if name else ():
        yield wrong(at(path, "name"), name, problem)
    if not container.get("image"):
        yield required(at(path, "image"))
    yield from unknown_choice(path, container, "terminationMessagePolicy", _MESSAGE_POLICIES)
    yield from _port_problems(at(path, "ports"), container.get("ports"))
    yield from variable_problems(at(path, "env"), container.get("env"))
    yield from bulk_problems(at(path, "envFrom"), container.get("envFrom"))
    yield from mount_problems(at(path, "volumeMounts"), container.get("volumeMounts"), volumes)
    yield from unknown_choice(path, container, "imagePullPolicy", _PULL_POLICIES)
    yield from resource_problems(at(path, "resources"), container.get("resources") or {})
    yield from context_problems(at(path, "securityContext"), container.get("securityContext") or {})


def _port_problems(path: str, ports: list[Mapping[str, Any]] | None) -> Iterator[Cause]:
    names: set[str] = set()
    for where, port in each(path, ports):
        name = port.get("name", "")
        problems = [*port_name_problems(name)] if name else []
        yield from (wrong(at(where, "name"), name, problem) for problem in problems)
        if not problems and name in names:
            yield duplicate(at(where, "name"), name)
        names |= {name} if name else set()
        if not port.get("containerPort"):
            yield required(at(where, "containerPort"))
        for field in ("containerPort", "hostPort"):
            number = port.get(field, 0)
            if number and not 0 < number <= PORT_MAX:
                yield wrong(at(where, field), number, BAD_PORT)
        yield from unknown_choice(where, port, "protocol", _PROTOCOLS)
