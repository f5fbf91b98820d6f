"""
The keys behind a connection of type ``aws``.

Those that stand in it are taken as they are, without boto3. What boto3 would have to find or ask
for (a profile, a role, the machine's own identity) is left to the amazon provider, where it is
installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datacube._credentials.refused import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Connection

    Resolve = Callable[[str], dict[str, str]]

_TO_BE_RESOLVED: Final = ("profile_name", "role_arn", "session_kwargs", "assume_role_method")


def secrets_of(conn: Connection, extra: Mapping[str, Any], resolve: Resolve) -> dict[str, str]:
    """
    Return the keys, by field.

    :raises DataCubeSpecError: there are none, or they cannot be resolved here.
    """
    if any(extra.get(field) for field in _TO_BE_RESOLVED):
        return resolve(conn.conn_id)
    key_id, secret = conn.login, conn.password
    if not (key_id and secret):
        key_id, secret = extra.get("aws_access_key_id"), extra.get("aws_secret_access_key")
    if not (key_id and secret):
        return resolve(conn.conn_id)
    return {
        "access_key_id": key_id,
        "secret_access_key": secret,
        "session_token": extra.get("aws_session_token") or "",
    }


def endpoint_of(extra: Mapping[str, Any]) -> str:
    """Return the address of the service; that of S3 goes before the one for all of AWS."""
    services = extra.get("service_config")
    s3 = services.get("s3") if isinstance(services, dict) else None
    own = s3.get("endpoint_url") if isinstance(s3, dict) else None
    return str(own or extra.get("endpoint_url") or "")


def resolve(conn_id: str) -> dict[str, str]:
    """
    Let the amazon provider find the keys; they are temporary, as a rule.

    :raises DataCubeSpecError: it is not installed, or finds none.
    """
    try:
        module = import_module("airflow.providers.amazon.aws.hooks.base_aws")
    except ImportError:
        raise refused(
            conn_id,
            "names no keys that can be used as they are: put them into login and password, or "
            "install apache-airflow-providers-amazon on the workers, which resolves profiles, "
            "roles and the machine's own identity",
        ) from None
    keys = module.AwsBaseHook(aws_conn_id=conn_id, client_type="s3").get_session().get_credentials()
    if keys is None:
        raise refused(conn_id, "leads to no keys, and this worker has none of its own")
    frozen = keys.get_frozen_credentials()
    return {
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        "session_token": frozen.token or "",
    }
