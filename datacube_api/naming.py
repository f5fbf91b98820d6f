"""
Names and labels of what the controller makes of a DataCube, whose own name may be longer.

Known here and not in the controller alone, so that who explains a failure finds the Job and its
pods. Jobs are named as the platform's own controller names them.

A DataCube is named by a DNS subdomain: 253 characters, dots allowed. A Job's name ends up in a
label of its pods, so it must be a DNS label of at most 63. What does not fit is cut, and told apart
by a hash of the whole.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from datacube_api.reference import GROUP

MANAGED_BY: Final = {"app.kubernetes.io/managed-by": "datacube-controller"}
"""On everything that the controller makes; what its watches select by."""

CUBE_LABEL: Final = f"{GROUP}/datacube"

CUBE_UID: Final = f"{GROUP}/datacube-uid"
"""An annotation of pods: whose they are, told even when their Job is gone."""

ANNOTATION_PREFIX: Final = f"{GROUP}/datacube-"
"""Of the annotations of a DataCube that say what its spec cannot: ``datacube_api.pod_settings``."""

CONTAINER: Final = "transfer"
"""In a pod of ours; other platforms' may be called otherwise."""

_LONGEST = 63
_DIGEST_CHARACTERS = 10
_SUFFIX = "-batchjob"  # as the platform's own controller names its Jobs
_LOOKS_HASHED = re.compile(rf"-[0-9a-f]{{{_DIGEST_CHARACTERS}}}$")


def job_name(cube_name: str) -> str:
    """
    Return the name of a DataCube's Job: ``<name>-batchjob``, or cut and hashed.

    Two DataCubes never share one. A name that ends like a hash of ours is hashed as well, so that
    nobody can pick the name that another's hash makes.
    """
    plain = cube_name + _SUFFIX
    if len(plain) <= _LONGEST and "." not in cube_name and not _LOOKS_HASHED.search(cube_name):
        return plain
    return _hashed(cube_name, _LONGEST - len(_SUFFIX)) + _SUFFIX


def transfer_labels(cube_name: str) -> dict[str, str]:
    """Return the labels of a Job and its pods: to select by, never an identity."""
    value = cube_name if len(cube_name) <= _LONGEST else _hashed(cube_name, _LONGEST)
    return {**MANAGED_BY, "app.kubernetes.io/component": "transfer", CUBE_LABEL: value}


def _hashed(name: str, longest: int) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    kept = name.replace(".", "-")[: longest - len(digest) - 1].rstrip("-")
    return f"{kept}-{digest}"
