from __future__ import annotations

import json

import pytest

from airflow_provider_datacube._refusals import (
    SECRETS,
    Request,
    ResourceUnknownError,
    refused,
    unreachable,
)
from datacube_api import errors

CREATE = Request("create", "ml", "k8s", "weights")


def status(kind: str | None = "datacubes", **details: object) -> str:
    named = {"kind": kind} if kind else {}
    return json.dumps({"kind": "Status", "details": {**named, **details}})


@pytest.mark.parametrize(
    ("code", "body", "kind", "words"),
    [
        (
            401,
            None,
            errors.DataCubeForbiddenError,
            "401 Unauthorized; the credentials of connection 'k8s'",
        ),
        (403, "{}", errors.DataCubeForbiddenError, "may not create datacubes in namespace 'ml'"),
        (404, status(), errors.DataCubeNotFoundError, "there is no such DataCube"),
        (404, status("namespaces"), errors.DataCubeNotFoundError, "no namespace 'ml'"),
        (
            404,
            "404 page not found\n",
            ResourceUnknownError,
            "kubectl apply -f deploy/crd.yaml",
        ),
        (404, status(None), ResourceUnknownError, "kubectl apply -f deploy/crd.yaml"),
        (409, '{"reason": "AlreadyExists"}', errors.DataCubeConflictError, "it exists already"),
        (409, '{"reason": "Conflict"}', errors.DataCubeConflictError, "it has changed"),
        (410, None, errors.DataCubeUnavailableError, "410 Gone"),
        (429, None, errors.DataCubeUnavailableError, "429 Too Many Requests"),
        (503, b"[]", errors.DataCubeUnavailableError, "503 Service Unavailable"),
        (599, None, errors.DataCubeUnavailableError, "599;"),
        (400, None, errors.DataCubeApiError, "400 Bad Request"),
    ],
)
def test_an_answer_becomes_our_error(
    code: int, body: str | bytes | None, kind: type[errors.DataCubeApiError], words: str
) -> None:
    error = refused(CREATE, code, body)
    assert type(error) is kind
    assert error.status == code
    assert str(error).startswith("ml/weights: ")
    assert words in str(error)


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (403, "{}", "may not create secrets in namespace 'ml': grant it the verb 'create' on secr"),
        (404, status("secrets"), "there is no such Secret"),
        (404, status(None), "does not know secrets"),
    ],
)
def test_a_secret_is_called_one(code: int, body: str, words: str) -> None:
    error = str(refused(Request("create", "ml", "k8s", "weights", SECRETS), code, body))
    assert error.startswith("Secret ml/weights: ")
    assert words in error
    assert "crd.yaml" not in error


def test_a_422_names_the_fields() -> None:
    causes = [
        {"field": "spec.sink", "message": "Required value"},
        {"field": "spec.source", "message": "Invalid value: exactly one must be a pvc"},
        {"field": "<nil>", "message": "Invalid value: null: some rules were not checked"},
    ]
    error = refused(CREATE, 422, status(causes=causes))
    assert type(error) is errors.DataCubeRejectedError
    assert str(error).endswith("spec.sink: Required value; spec.source: exactly one must be a pvc")


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ('Invalid value: "s3cret \\" x": must be short', "must be short"),
        ('Unsupported value: "s3cret": supported values: "a"', 'supported values: "a"'),
        ('Invalid value: {"token":"s3cret"}: must be good', "must be good"),
        ('Invalid value: map[string]interface {}{"token":"s3cret"}: is bad', "is not valid"),
        ('Invalid value: "s3cret"', "is not valid"),
        ("Invalid value: -1: should be at least 0", "should be at least 0"),
    ],
)
def test_the_value_is_cut_out_of_a_complaint(message: str, left: str) -> None:
    error = refused(CREATE, 422, status(causes=[{"field": "spec.x", "message": message}]))
    assert str(error).endswith(f"spec.x: {left}")
    assert "s3cret" not in str(error)


def test_a_422_without_causes_says_so() -> None:
    assert "names no field" in str(refused(CREATE, 422, "nonsense"))


def test_a_request_for_all_says_where() -> None:
    error = refused(Request("list", "ml", "k8s"), 403, None)
    assert str(error).startswith("datacubes in ml: 403")


def test_no_answer_is_worth_a_retry() -> None:
    error = unreachable(CREATE, "ConnectTimeout")
    assert error.retryable
    assert "cannot reach the API server of connection 'k8s' (ConnectTimeout)" in str(error)


def test_a_certificate_that_is_not_trusted_is_said() -> None:
    assert "certificate is not trusted" in str(unreachable(CREATE, "SSLError", untrusted=True))
