"""
``podFailurePolicy``: whether a failed pod counts, or fails its Job at once.

Pure. The first rule that matches decides; a pod that none matches counts. FailIndex is for Indexed
Jobs, which are refused.

Source: pkg/controller/job/pod_failure_policy.go of kubernetes/kubernetes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Pod = Mapping[str, Any]
    Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a failed pod means for its Job."""

    counts: bool = True
    """Whether it counts against ``backoffLimit``, and as failed at all."""
    message: str = ""
    """Why the Job fails at once; empty where it does not."""


def verdict_on(job: Mapping[str, Any], pod: Pod) -> Verdict:
    """Judge a failed pod by the rules of its Job."""
    policy = job["spec"].get("podFailurePolicy") or {}
    for index, rule in enumerate(policy.get("rules") or ()):
        if (found := _match(rule, pod)) is None:
            continue
        match rule["action"]:
            case "FailJob":
                return Verdict(message=f"{found} matching FailJob rule at index {index}")
            case "Ignore":
                return Verdict(counts=False)
            case _:
                return Verdict()
    return Verdict()


def _match(rule: Rule, pod: Pod) -> str | None:
    """Return what of the pod a rule matches, in a few words; None where nothing does."""
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    if (wanted := rule.get("onExitCodes")) is not None:
        for container, code in _exit_codes(pod):
            if _is_meant(wanted, container, code):
                return f"Container {container} for pod {name} failed with exit code {code}"
        return None
    for condition in pod["status"].get("conditions") or ():
        for pattern in rule.get("onPodConditions") or ():
            said = (condition["type"], condition["status"])
            if said == (pattern["type"], pattern.get("status", "True")):
                return f"Pod {name} has condition {condition['type']}"
    return None


def _exit_codes(pod: Pod) -> Iterator[tuple[str, int]]:
    """Yield the containers that have failed; init containers come last."""
    for field in ("containerStatuses", "initContainerStatuses"):
        for status in pod["status"].get(field) or ():
            if code := ((status.get("state") or {}).get("terminated") or {}).get("exitCode"):
                yield status["name"], code


def _is_meant(wanted: Mapping[str, Any], container: str, code: int) -> bool:
    if wanted.get("containerName") not in (None, container):
        return False
    is_listed = code in wanted["values"]
    return is_listed if wanted["operator"] == "In" else not is_listed
