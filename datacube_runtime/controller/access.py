"""
Where the API server is and how to be let in: from a kubeconfig, or from the pod that this runs in.

A kubeconfig that holds its credential (token, certificate) is read here; one that calls a plugin
for it is left to kubernetes_asyncio, whose import costs 75 MB and two seconds and is spared
everybody else. A token in a file is read again every minute, since the kubelet renews it.

Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ and
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from datacube_api.errors import DataCubeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FRESH_S = 60.0
_PLUGINS = ("exec", "auth-provider")


@dataclass(frozen=True)
class Access:
    """A way in; ``token`` returns what is valid now, or nothing where a certificate speaks."""

    server: str
    tls: ssl.SSLContext | None = None
    token: Callable[[], str] = field(default=str, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    server_name: str | None = None
    proxy: str | None = None


class TokenFile:
    """A token that somebody else renews in a file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._read_at = 0.0
        self._token = ""

    def __call__(self) -> str:
        """Return the token, read again when it is older than a minute."""
        if not self._token or self._clock() - self._read_at > _FRESH_S:
            self._token = self._path.read_text(encoding="utf-8").strip()
            self._read_at = self._clock()
        return self._token


async def way_in(kubeconfig: str | None, account: Path = ACCOUNT) -> Access:
    """
    Return the way into the cluster of a kubeconfig file, or into the one whose pod this is.

    :raises DataCubeError: there is no such configuration.
    """
    try:
        if kubeconfig is None:
            return _of_pod(account)
        path = Path(kubeconfig)
        return await _of_kubeconfig(path, _read(path))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        where = f"kubeconfig {kubeconfig}" if kubeconfig else "in-cluster configuration"
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DataCubeError(f"no cluster to talk to: {where}: {why}") from error


def _read(path: Path) -> Mapping[str, Any]:
    config: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


def _of_pod(account: Path) -> Access:
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise ValueError(
            "KUBERNETES_SERVICE_HOST and _PORT are not set, so this is no pod; give --kubeconfig"
        )
    token = TokenFile(account / "token")
    token()  # tell at once that it is not there
    address = f"[{host}]" if ":" in host else host
    tls = ssl.create_default_context(cafile=str(account / "ca.crt"))
    return Access(f"https://{address}:{port}", tls, token)


async def _of_kubeconfig(path: Path, config: Mapping[str, Any]) -> Access:
    context = _named(config, "contexts", config["current-context"])["context"]
    cluster = _named(config, "clusters", context["cluster"])["cluster"]
    user = _named(config, "users", context["user"])["user"] or {}
    if any(plugin in user for plugin in _PLUGINS):
        return await _by_plugin(str(path))
    return Access(
        cluster["server"].rstrip("/"),
        _tls(path.parent, cluster, user),
        _token(path.parent, user),
        (user["username"], user["password"]) if "username" in user else None,
        cluster.get("tls-server-name"),
        cluster.get("proxy-url"),
    )


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = next(
        (entry for entry in config.get(kind) or () if entry["name"] == name), None
    )
    if found is None:
        raise ValueError(f"{kind} has no entry {name!r}")
    return found


def _token(directory: Path, user: Mapping[str, Any]) -> Callable[[], str]:
    if "tokenFile" in user:
        return TokenFile(directory / user["tokenFile"])
    token = str(user.get("token") or "")
    return lambda: token


def _tls(
    directory: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]
) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https:"):
        return None
    authority = _content(directory, cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _content(directory, user, "client-certificate")
    key = _content(directory, user, "client-key")
    if certificate and key:
        # ssl takes a client's certificate from a file only.
        with tempfile.NamedTemporaryFile() as both:
            both.write(certificate + b"\n" + key)
            both.flush()
            context.load_cert_chain(both.name)
    return context


def _content(directory: Path, entry: Mapping[str, Any], name: str) -> bytes:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data)
    return (directory / entry[name]).read_bytes() if entry.get(name) else b""


async def _by_plugin(kubeconfig: str) -> Access:
    from kubernetes_asyncio.client.configuration import (  # noqa: PLC0415 - see above
        Configuration,
    )
    from kubernetes_asyncio.config import ConfigException, load_kube_config  # noqa: PLC0415

    found = Configuration()
    try:
        await load_kube_config(kubeconfig, client_configuration=found, persist_config=False)
    except ConfigException as error:
        raise ValueError(str(error)) from error
    tls = ssl.create_default_context(cafile=found.ssl_ca_cert)
    if not found.verify_ssl:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if found.cert_file:
        tls.load_cert_chain(found.cert_file, found.key_file)
    bearer = str(found.api_key.get("BearerToken") or "").removeprefix("Bearer ")
    return Access(str(found.host), tls, lambda: bearer, None, found.tls_server_name, found.proxy)
