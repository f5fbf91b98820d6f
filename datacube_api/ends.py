"""
The two ends of a transfer, each type a class that is pleasant to write in a DAG.

``Git(url=…, token=SecretRef(…))`` and the manifest ``{"type": "git", "options": [...]}`` make the
same object: the constructors only spell options, the options are the truth. What a constructor does
not know (an option of another platform's release) goes through ``options``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from datacube_api.core import (
    MAX_ENTRIES,
    EnvVar,
    Model,
    PVCReference,
    Value,
    sugar,
    variable,
)
from datacube_api.rules import END_RULES, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Options: TypeAlias = Annotated[tuple[EnvVar, ...], Field(max_length=MAX_ENTRIES)]


class End(Model):
    """What both ends have: a type, and options in an order that carries meaning."""

    always: ClassVar[tuple[str, ...]] = ("type",)

    options: Options = ()

    @model_validator(mode="after")
    def _follow_the_rules(self) -> End:
        check(END_RULES, self)
        return self


def _spelled(wire: dict[str, Any], **named: Value | bool | None) -> dict[str, Any]:
    """Return ``wire`` with the options given by name before those given as a list."""
    spelled = [
        variable(name.replace("_", "-"), str(value).lower() if isinstance(value, bool) else value)
        for name, value in named.items()
        if value is not None
    ]
    return {**wire, "options": [*spelled, *wire.get("options", ())]} if spelled else wire


class PVC(End):
    """
    A directory of a PersistentVolumeClaim; as a sink it may create the claim.

    :param name: name of the claim
    :param sub_path: path inside the volume, relative; a download creates it
    :param size: create the claim with this capacity (``"10Gi"``) when it is not there yet;
        an existing claim is used as it is. Downloads only.
    :param access_mode: of the claim made by ``size``
    :param storage_class: of the claim made by ``size``; the cluster's default without it
    :param template: a whole PersistentVolumeClaimTemplate instead of ``size``
    """

    type: Literal["pvc"] = "pvc"
    pvc: PVCReference

    @sugar
    def __init__(  # noqa: PLR0913 - what a claim has; keyword-only
        self,
        name: str | None = None,
        *,
        sub_path: str | None = None,
        size: str | None = None,
        access_mode: str = "ReadWriteOnce",
        storage_class: str | None = None,
        template: Mapping[str, Any] | None = None,
        **wire: Any,
    ) -> None:
        if size is not None:
            claim: dict[str, Any] = {
                "accessModes": [access_mode],
                "resources": {"requests": {"storage": size}},
            }
            if storage_class is not None:
                claim["storageClassName"] = storage_class
            template = {"spec": claim}
        if name is not None:
            wire["pvc"] = {"name": name, "subPath": sub_path, "template": template}
        super().__init__(**wire)


class Git(End):
    """
    A Git repository over HTTP.

    :param url: of the repository; may embed the token as ``https://$(TOKEN)@host/owner/repo.git``
    :param token: personal access token; sent to the URL's host only, embedded in the URL or not
    :param ref: branch, tag or commit to check out (download); ``master`` without it, or the
        remote's default branch where there is no ``master``
    """

    type: Literal["git"] = "git"

    @sugar
    def __init__(
        self,
        *,
        url: Value | None = None,
        token: Value | None = None,
        ref: Value | None = None,
        **wire: Any,
    ) -> None:
        super().__init__(**_spelled(wire, token=token, url=url, ref=ref))


class HuggingFace(End):
    """
    A repository of the Hugging Face Hub.

    :param repo: ``owner/name``
    :param token: needed for gated and private repositories, and for uploads
    :param files: download only these; all without it
    :param path_in_repo: upload to this path
    :param commit_message: of the upload
    """

    type: Literal["huggingface"] = "huggingface"

    @sugar
    def __init__(
        self,
        *,
        repo: Value | None = None,
        token: Value | None = None,
        files: str | Iterable[str] | None = None,
        path_in_repo: Value | None = None,
        commit_message: Value | None = None,
        **wire: Any,
    ) -> None:
        listed = files if files is None or isinstance(files, str) else ",".join(files)
        super().__init__(
            **_spelled(
                wire,
                token=token,
                repo=repo,
                files=listed,
                path_in_repo=path_in_repo,
                commit_message=commit_message,
            )
        )


class S3(End):
    """
    An object, a prefix or a bucket of an S3 service.

    :param uri: ``s3://bucket/path``
    :param endpoint: URL of the service; AWS without it
    :param access_key_id: of the credentials; none for public buckets
    :param secret_access_key: of the credentials; none for public buckets
    :param no_check_bucket: upload without probing or creating the bucket
    """

    type: Literal["s3"] = "s3"

    @sugar
    def __init__(
        self,
        *,
        uri: str | None = None,
        endpoint: Value | None = None,
        access_key_id: Value | None = None,
        secret_access_key: Value | None = None,
        no_check_bucket: bool | None = None,
        **wire: Any,
    ) -> None:
        super().__init__(
            **_spelled(
                wire,
                s3_endpoint=endpoint,
                s3_access_key_id=access_key_id,
                s3_secret_access_key=secret_access_key,
                s3_uri=uri,
                s3_no_check_bucket=no_check_bucket,
            )
        )


Service: TypeAlias = Git | HuggingFace | S3
AnyEnd: TypeAlias = Annotated[PVC | Service, Field(discriminator="type")]
END_TYPES: tuple[type[End], ...] = (PVC, Git, HuggingFace, S3)
