"""
How a verb is to be done, beside the object itself: dry run, unknown fields, preconditions.

Source: CreateOptions, UpdateOptions, PatchOptions and DeleteOptions,
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    Cause,
    bad_request,
    conflict,
    invalid,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from datacube_runtime.local.registry.resources import Resource


class Propagation(StrEnum):
    """What becomes of an object's dependents when it is deleted."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


@dataclass
class Write:
    """Options of create, update and patch; ``warnings`` collects what the client should hear."""

    dry_run: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)
    manager: str = "datacube-local"
    """Who becomes the owner of the fields that are written."""

    subresource: str = ""
    version: str = ""
    """The API version that the client speaks, where its words are not the store's: of an event."""

    force: bool = False
    """Whether an apply overrules other owners."""

    applies: bool = False
    has_created: bool = False
    """Whether a patch made the object, there having been none."""

    is_patch: bool = False
    unknown: list[str] = field(default_factory=list)
    """Fields that nobody knows or that stand twice, and that the client has not heard of yet."""

    def meet_unknown(self, resource: Resource, problems: Sequence[str] = ()) -> None:
        """
        Refuse, mention or ignore fields that nobody knows, as ``fieldValidation`` says.

        :raises ApiStatusError: (400, 422 for a patch) it says Strict.
        """
        problems, self.unknown = [*self.unknown, *problems], []
        if not problems or self.field_validation == "Ignore":
            return
        if self.field_validation == "Strict":
            raise self.undecodable(resource, f"strict decoding error: {', '.join(problems)}")
        self.warnings += problems

    def undecodable(self, resource: Resource, why: str) -> ApiStatusError:
        """
        Return the refusal of an object that cannot be read.

        What a patch makes of an object is refused in other words. A real server repeats the whole
        object there; this one does not, since it may hold a secret.

        Source: applyPatchToCurrentObject in k8s.io/apiserver/pkg/endpoints/handlers/patch.go
        """
        if self.is_patch:
            cause = Cause("FieldValueInvalid", "patch", f"Invalid value: {why}")
            return invalid("", "", "", [cause])
        kind = resource.kind
        return bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}'
        )


@dataclass(frozen=True)
class Delete:
    """Options of delete. None leaves the choice to the kind."""

    dry_run: bool = False
    grace_period_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation: Propagation | None = None

    def check(self, resource: Resource, meta: Mapping[str, Any]) -> None:
        """
        Make sure that the object is the one that the client means.

        :raises ApiStatusError: (409) it is not.
        """
        checks = (
            ("UID", self.uid, meta["uid"], "deleted and then recreated"),
            ("ResourceVersion", self.resource_version, meta["resourceVersion"], "modified"),
        )
        for what, asked, found, otherwise in checks:
            if asked is None or asked == found:
                continue
            why = (
                f"the {what} in the precondition ({asked}) does not match the {what} in record "
                f"({found}). The object might have been {otherwise}"
            )
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            raise conflict(kind, meta["name"], why, resource.group, resource.kind)
