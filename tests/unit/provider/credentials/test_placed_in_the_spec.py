"""Where the references go: the very variables that the transfer reads."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_datacube._credentials.given import plain_ref
from airflow_provider_datacube._credentials.placing import Sources, placed
from airflow_provider_datacube._credentials.slots import service_of
from airflow_provider_datacube.models import PVC, S3, Executor, Git, HuggingFace, SecretRef, Spec

URL = "https://git.example.org/a/x.git"


def filled(spec: Spec, sources: Sources) -> Spec:
    manifest = spec.to_manifest()
    service = service_of(manifest)
    assert service is not None
    return Spec.model_validate(placed(manifest, service, sources))


def by_ref(spec: Spec, secret_ref: Any) -> dict[str, Any]:
    kind = spec.service.type
    return variables(filled(spec, Sources.of_ref(kind, plain_ref(secret_ref))))


def variables(spec: Spec) -> dict[str, Any]:
    """Return the variables of the container: a value, or (Secret, key, optional)."""
    return {v.name: v.value if v.value_from is None else reference(v) for v in spec.env()}


def reference(variable: Any) -> tuple[str, str, bool | None]:
    ref = variable.value_from.secret_key_ref
    return ref.name, ref.key, ref.optional


def download(source: Any, **executor: Any) -> Spec:
    more = {"executor": Executor(**executor)} if executor else {}
    return Spec(source=source, sink=PVC("data"), **more)


def test_a_token_goes_before_the_url_that_may_refer_to_it() -> None:
    spec = download(Git(url="https://$(TOKEN)@git.example.org/x.git", ref="v1"))
    seen = by_ref(spec, "my-secret")
    assert list(seen) == ["TOKEN", "URL", "REF"]
    assert seen["TOKEN"] == ("my-secret", "token", None)


def test_uploads_have_them_at_the_sink() -> None:
    spec = Spec(source=PVC("data"), sink=HuggingFace(repo="a/b"))
    assert by_ref(spec, "my-secret")["TOKEN"] == ("my-secret", "token", None)


def test_s3_has_the_keys_of_the_manual_and_may_lack_the_rest() -> None:
    seen = by_ref(download(S3(uri="s3://b/k")), "s3-config")
    assert seen == {
        "S3_ACCESS_KEY_ID": ("s3-config", "accessKeyID", None),
        "S3_SECRET_ACCESS_KEY": ("s3-config", "secretAccessKey", None),
        "S3_ENDPOINT": ("s3-config", "endpoint", True),
        "S3_URI": "s3://b/k",
        "S3_SESSION_TOKEN": ("s3-config", "sessionToken", True),
        "S3_REGION": ("s3-config", "region", True),
    }


def test_a_key_that_is_named_must_be_there() -> None:
    ref = {"name": "s", "keys": {"session_token": "st", "access_key_id": "id"}}
    seen = by_ref(download(S3(uri="s3://b/k")), ref)
    assert seen["S3_SESSION_TOKEN"] == ("s", "st", None)
    assert seen["S3_ACCESS_KEY_ID"] == ("s", "id", None)
    assert seen["S3_SECRET_ACCESS_KEY"] == ("s", "secretAccessKey", None)


@pytest.mark.parametrize("end", [Git(url=URL), HuggingFace(repo="a/b")])
def test_a_secret_ref_of_a_token_names_its_key(end: Any) -> None:
    assert by_ref(download(end), SecretRef("s", "pat"))["TOKEN"] == ("s", "pat", None)


def test_what_the_author_gives_stays() -> None:
    end = S3(uri="s3://b/k", endpoint="http://s3:9000")
    seen = by_ref(download(end, env={"S3_REGION": "eu", "NO_PROXY": "x"}), "s")
    assert (seen["S3_ENDPOINT"], seen["S3_REGION"], seen["NO_PROXY"]) == (
        "http://s3:9000",
        "eu",
        "x",
    )


def test_addresses_of_a_connection_stand_in_plain() -> None:
    public = {"endpoint": "http://hub.example.org"}
    sources = Sources("x-credentials", {"token": "token"}, public=public)
    seen = variables(filled(download(HuggingFace(repo="a/b")), sources))
    assert seen["HF_ENDPOINT"] == "http://hub.example.org"
    assert seen["TOKEN"] == ("x-credentials", "token", None)


def test_a_user_name_goes_into_a_url_that_has_none() -> None:
    keys = {"token": "token", "username": "username"}
    seen = variables(filled(download(Git(url=URL)), Sources("s", keys)))
    assert seen["USERNAME"] == ("s", "username", None)
    assert seen["URL"] == "https://$(USERNAME)@git.example.org/a/x.git"
    assert list(seen) == ["TOKEN", "USERNAME", "URL"]
    own = download(Git(url="https://you@git.example.org/x.git"))
    assert variables(filled(own, Sources("s", keys)))["URL"] == own.service.options[0].value


def test_a_variable_of_the_author_that_a_user_name_needs_is_told() -> None:
    keys = {"token": "token", "username": "username"}
    clashing = download(Git(url=URL), env={"USERNAME": "x"})
    with pytest.raises(ValidationError, match="the variable of an option, which it would hide"):
        filled(clashing, Sources("s", keys))


def test_a_url_that_is_a_reference_stays_one() -> None:
    keys = {"token": "token", "username": "username"}
    seen = variables(filled(download(Git(url=SecretRef("u", "url"))), Sources("s", keys)))
    assert seen["URL"] == ("u", "url", None)
