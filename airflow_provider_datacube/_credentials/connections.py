"""
What an Airflow connection holds for a storage service, by field.

Connections of the official types are taken as their own hooks read them; ``generic`` ones, and
``http`` where that makes sense, are for workers on which no such type is installed. Each secret is
masked in Airflow's logs before anything else happens to it, in the form that a Secret has it in
too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from airflow_provider_datacube._compat import AirflowNotFoundException
from airflow_provider_datacube._credentials import aws
from airflow_provider_datacube._credentials.masking import mask
from airflow_provider_datacube._credentials.refused import refused
from airflow_provider_datacube._credentials.slots import SLOTS, USERNAME
from airflow_provider_datacube._credentials.urls import Server, user_info
from datacube_api.direction import ServiceType
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Connection

TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    ServiceType.GIT: ("git", "github", "http", "generic"),
    ServiceType.HUGGINGFACE: ("huggingface", "http", "generic"),
    ServiceType.S3: ("aws", "generic"),
}
"""Types of connections, by the service that they are for; the first ones are for it alone."""

_KEY_FILES: Final = ("private_key", "key_file", "key_path", "github_app_id", "app_id")
_IDENTIFIERS: Final = ("access_key_id", USERNAME.field)
"""Fields that are no secret by themselves: masking ``git`` or ``minio`` would blacken every log."""


@dataclass(frozen=True)
class Held:
    """What a connection holds for a type of service: secrets, and addresses that may be told."""

    kind: str
    secrets: Mapping[str, str] = field(repr=False)
    public: Mapping[str, str] = field(default_factory=dict)
    server: Server | None = None
    """The only one that a Git token is for; None where the connection does not say."""

    @property
    def secret_keys(self) -> dict[str, str]:
        """The key of each secret, by field."""
        return {slot.field: slot.key for slot in SLOTS[self.kind] if slot.field in self.secrets}

    def secret_values(self) -> dict[str, str]:
        """Return the secrets by key."""
        return {key: self.secrets[name] for name, key in self.secret_keys.items()}

    def all_values(self) -> dict[str, str]:
        """Return everything by key, for a Secret that has to stand alone."""
        public = {s.key: self.public[s.field] for s in SLOTS[self.kind] if s.field in self.public}
        return {**self.secret_values(), **public}


def held_by(
    conn_id: str, kind: str | None = None, find: Callable[[str], Connection] | None = None
) -> Held:
    """
    Return what a connection holds for a type of service; its own type tells which, without one.

    :param find: returns the connection; Airflow's own way without it
    :raises DataCubeSpecError: there is no such connection, or it does not fit; holds no value.
    """
    try:
        conn = (find or _find)(conn_id)
    except AirflowNotFoundException:
        raise DataCubeSpecError((f"conn_id: there is no connection {conn_id!r}",)) from None
    held = _READERS[_kind(conn, kind)](conn, conn.extra_dejson)
    for name, value in held.secrets.items():
        if name not in _IDENTIFIERS:
            mask(value)
    return held


def _kind(conn: Connection, kind: str | None) -> str:
    said = _type_of(conn)
    fits = [service for service, types in TYPES.items() if said in types]
    if kind in fits or (kind is None and len(fits) == 1):
        return kind or fits[0]
    if kind is None:
        raise refused(
            conn.conn_id,
            f"is of type {said or 'none'}, which does not say what it is for: give service, one of "
            f"{', '.join(fits or TYPES)}",
        )
    raise refused(
        conn.conn_id,
        f"is of type {said or 'none'}, and the end is of type {kind}, which takes a connection of "
        f"type {' or '.join(TYPES[kind])}",
    )


def _find(conn_id: str) -> Connection:
    from airflow.sdk import BaseHook  # noqa: PLC0415 - a task's business, not a parser's

    conn: Connection = BaseHook.get_connection(conn_id)
    return conn


def _type_of(conn: Connection) -> str:
    return (conn.conn_type or "").lower().replace("-", "_")


def _git(conn: Connection, extra: Mapping[str, Any]) -> Held:
    user, _, password = user_info(conn.host or "").partition(":")
    token = _stripped(conn.password) or unquote(password)
    if not token and any(extra.get(name) for name in _KEY_FILES):
        raise refused(
            conn.conn_id,
            "holds a private key, and a transfer speaks http and https only: put an access token "
            "into its password",
        )
    login = _stripped(conn.login) or unquote(user if password else "")
    is_named = login and _type_of(conn) != "github"  # whose form has no such field
    username = {"username": quote(login, safe="")} if is_named else {}
    secrets = {"token": _token(conn, token), **username}
    return Held(ServiceType.GIT, secrets, server=_git_server(conn))


def _git_server(conn: Connection) -> Server | None:
    host = _stripped(conn.host)
    if _type_of(conn) == "github":
        host = host or "github.com"
    if not host:
        return None
    server = _server(conn, host)
    return Server("github.com") if server and server.host == "api.github.com" else server


def _server(conn: Connection, host: str) -> Server | None:
    scheme = conn.schema if conn.schema in ("http", "https") else ""
    try:
        return Server.of(host, scheme, conn.port)
    except ValueError:
        raise refused(conn.conn_id, "has a host that cannot be read as an address") from None


def _huggingface(conn: Connection, extra: Mapping[str, Any]) -> Held:
    token = conn.password or extra.get("token") or extra.get("hf_token")
    endpoint = extra.get("endpoint") or extra.get("endpoint_url") or _address(conn)
    secrets = {"token": _token(conn, token)}
    return Held(ServiceType.HUGGINGFACE, secrets, _public(conn, endpoint=endpoint))


def _s3(conn: Connection, extra: Mapping[str, Any]) -> Held:
    found = aws.secrets_of(conn, extra, aws.resolve)
    secrets = {name: _stripped(value) for name, value in found.items() if value}
    endpoint = aws.endpoint_of(extra)
    if _type_of(conn) == "generic":
        endpoint = endpoint or _address(conn)
    public = _public(conn, endpoint=endpoint, region=extra.get("region_name"))
    return Held(ServiceType.S3, secrets, public)


_READERS: Final[Mapping[str, Callable[[Connection, Mapping[str, Any]], Held]]] = {
    ServiceType.GIT: _git,
    ServiceType.HUGGINGFACE: _huggingface,
    ServiceType.S3: _s3,
}


def _token(conn: Connection, token: Any) -> str:
    if not _stripped(token):
        raise refused(conn.conn_id, "has no password: that is where the access token belongs")
    return _stripped(token)


def _address(conn: Connection) -> str:
    """Return the host as a URL; https where nothing says otherwise: a token is sent there."""
    host = _stripped(conn.host).rstrip("/")
    if not host or "://" in host:
        return host
    port = f":{conn.port}" if conn.port else ""
    return f"{conn.schema or 'https'}://{host}{port}"


def _public(conn: Connection, **given: Any) -> dict[str, str]:
    """Return what is given of it; none of it may hold a credential: it stands in the DataCube."""
    found = {name: _stripped(value) for name, value in given.items() if value}
    for name, value in found.items():
        if user_info(value) or "?" in value:
            raise refused(conn.conn_id, f"has {name} with a user, a password or a query in it")
    return found


def _stripped(value: Any) -> str:
    """Return a text without the newline that came along when it was pasted."""
    return str(value or "").strip()
