"""
What a reason means and what mends it: one sentence each, for whoever is woken by it.

One table for all words that programs choose and people look up: the stable reasons of
``datacube_api.reasons``, and those of Kubernetes, which a pod, an Event or another platform's
controller may give. Only whole words are looked up here, no text is searched for them. The table
of docs/errors.md is this one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from datacube_api.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping


class Known(NamedTuple):
    """A word: what it means, and what to do (nothing, where all is well)."""

    means: str
    mend: str = ""


OURS: Final[Mapping[str, Known]] = MappingProxyType(
    {
        Reason.AUTHENTICATION_FAILED: Known(
            "the service does not accept the credential, or demands one",
            "renew the credential in its Secret or connection, or give one",
        ),
        Reason.PERMISSION_DENIED: Known(
            "the service knows the credential, which may not do this",
            "let it read (for a download) or write (for an upload), or use another one",
        ),
        Reason.SOURCE_NOT_FOUND: Known(
            "what is to be moved is not there, or this credential may not see it",
            "check the address and the path; what is private looks absent without a credential",
        ),
        Reason.REVISION_NOT_FOUND: Known(
            "the repository has no such branch, tag or commit", "correct the revision"
        ),
        Reason.NOTHING_TO_UPLOAD: Known(
            "the volume holds nothing new at that path",
            "check sub_path, and that an earlier task wrote (for Git: committed) something there",
        ),
        Reason.LOCAL_CHANGES: Known(
            "the volume has changes that a checkout would lose",
            "push them, or move the directory away",
        ),
        Reason.PUSH_REJECTED: Known(
            "the remote does not take the push: most often it has commits that the volume lacks",
            "download first, or push to another branch",
        ),
        Reason.VERIFICATION_FAILED: Known(
            "what arrived is not what the source says it has",
            "try again; if it stays so, the source is damaged",
        ),
        Reason.NETWORK_ERROR: Known(
            "the service cannot be reached, or stopped answering",
            "try again later; check the address, the proxy and the network policies",
        ),
        Reason.NO_SPACE_LEFT: Known("the volume is full", "enlarge the claim, or free space in it"),
        Reason.INVALID_OPTION: Known(
            "an option or an extra argument has a value that cannot be used",
            "correct what the message names",
        ),
        Reason.UNSUPPORTED: Known(
            "this transfer program cannot do what is asked for",
            "ask for something else, or use a newer image of it",
        ),
        Reason.ENGINE_FAILED: Known(
            "the program that moves the data gave up, for a cause that has no word of its own",
            "read the last lines of the pod's log",
        ),
        Reason.CANCELLED: Known(
            "the transfer was told to stop: its pod was deleted, or its node went down",
            "start it again",
        ),
        Reason.INVALID_SPEC: Known(
            "the DataCube breaks a rule, or the API server refuses what is made of it",
            "correct the field that the message names",
        ),
        Reason.INVALID_SETTINGS: Known(
            "an annotation with a setting of the pod cannot be used",
            "correct the annotation that the message names, in a new DataCube",
        ),
        Reason.SUSPENDED: Known(
            "somebody holds the DataCube back",
            "set its annotation tensorstack.dev/datacube-suspend to false",
        ),
        Reason.VOLUME_NOT_FOUND: Known(
            "the claim is not there", "create it first, or give PVC(size=…) for a download"
        ),
        Reason.JOB_NOT_OURS: Known(
            "somebody else's Job has the name that this DataCube's would have",
            "delete or rename that Job",
        ),
        Reason.JOB_LOST: Known(
            "the Job was deleted before its end was seen", "find out who deletes Jobs; start again"
        ),
        Reason.DEADLINE_EXCEEDED: Known(
            "an attempt took longer than activeDeadlineSeconds, its start included",
            "give Executor(active_deadline_seconds=…) more time, or mend what it waited for",
        ),
        Reason.POD_FAILED: Known(
            "the pod ended without words of its own", "look at what is told of the pod, and its log"
        ),
        Reason.BACKOFF_LIMIT_EXCEEDED: Known(
            "every attempt failed, and the last one's pod is gone",
            "look at the Events and logs of the namespace at that time",
        ),
        Reason.POD_PENDING: Known("the pod does not run yet; the message may say what for"),
        Reason.TRANSFER_STARTED: Known("the transfer runs"),
        Reason.TRANSFER_SUCCEEDED: Known("the data has arrived"),
    }
)
"""Reasons of this project's own controller and transfer program."""

_IMAGE = "check the image's name and registry, its pull secret, and that the node reaches it"
_NODE = "start it again; if it stays so, the node needs care"

KUBERNETES: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "ErrImagePull": Known("the image of the pod cannot be pulled", _IMAGE),
        "ImagePullBackOff": Known(
            "the image cannot be pulled, and is tried again ever later", _IMAGE
        ),
        "InvalidImageName": Known("the image of the pod has no valid name", "correct the name"),
        "ErrImageNeverPull": Known(
            "the image is not on the node and must not be pulled",
            "load it there, or change the pull policy",
        ),
        "CreateContainerConfigError": Known(
            "a Secret, a ConfigMap or a key of one that the pod needs is not there",
            "create what the message names, in the DataCube's namespace: the pod starts by itself",
        ),
        "CreateContainerError": Known(
            "the container cannot be made", "see the message: most often a mount or the runtime"
        ),
        "RunContainerError": Known(
            "the container cannot be started", "see the message: most often the image's program"
        ),
        "StartError": Known(
            "the container's program cannot be started", "check the image: the program is not in it"
        ),
        "CrashLoopBackOff": Known(
            "the container ends again and again", "see how it ended last, and its log"
        ),
        "OOMKilled": Known(
            "it used more memory than it may and was killed",
            "raise the memory limit of the transfer pod, or move less at once",
        ),
        "Error": Known(
            "the program in the pod ended with an error", "read the last lines of its log"
        ),
        "ContainerStatusUnknown": Known(
            "nobody knows how the container ended: its node lost it, or it never ran", _NODE
        ),
        "Unschedulable": Known(
            "no node can take the pod",
            "see the message: free or add resources, or a volume or a node label is missing",
        ),
        "FailedScheduling": Known(
            "no node can take the pod",
            "see the message: free or add resources, or a volume or a node label is missing",
        ),
        "Evicted": Known(
            "the node ran short of memory or disk and drove the pod out",
            "start it again; if it stays so, give the node or the pod more of what it lacked",
        ),
        "Preempting": Known("a pod of higher priority took its place", "start it again"),
        "NodeLost": Known("the node of the pod does not answer", _NODE),
        "NodeShutdown": Known("the node of the pod was shut down", _NODE),
        "Terminated": Known("the node of the pod was shut down", _NODE),
        "Lost": Known("the pod's process was lost with what ran it", "start it again"),
        "FailedMount": Known(
            "a volume of the pod cannot be mounted",
            "see the message: a Secret is missing, or the storage does not answer",
        ),
        "FailedAttachVolume": Known(
            "the volume cannot be attached to the node",
            "see whether another node still has it, as it may have a ReadWriteOnce volume",
        ),
        "FailedBinding": Known(
            "no volume can be bound to the claim",
            "name a storage class (PVC(storage_class=…)), or create a volume that fits",
        ),
        "ProvisioningFailed": Known(
            "the storage class cannot make a volume for the claim",
            "see the message: the class may not exist, or its quota or provisioner fails",
        ),
        "FailedCreate": Known(
            "the pod may not be created",
            "see the message: most often a quota, a missing service account or a pod policy",
        ),
        "FailedCreatePodSandBox": Known(
            "the node cannot give the pod a network or a sandbox", _NODE
        ),
    }
)
"""Words of Kubernetes: of a pod, of its container, and of Events."""

KNOWN: Final[Mapping[str, Known]] = MappingProxyType({**KUBERNETES, **OURS})
