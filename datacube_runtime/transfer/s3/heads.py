"""
What S3 says of one object, its checksums too: a signed HEAD.

rclone does not tell any checksum but an MD5. Whatever does not answer as it should says nothing
here: rclone asks again in its own way, and knows what a refusal means.

Source: HeadObject of the S3 API reference (``x-amz-checksum-mode``, ``partNumber``); path-style
addresses, which every S3 understands.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from awscrt import auth
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpHeaders, HttpRequest

from datacube_runtime.transfer.s3 import sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from urllib.request import OpenerDirector

    from datacube_runtime.transfer.s3.environment import Service
    from datacube_runtime.transfer.s3.sums import Sum
    from datacube_runtime.transfer.s3.uri import Uri

_TIMEOUT_S = 5.0
_REGION = "us-east-1"
"""What rclone takes where none is named."""


@dataclass(frozen=True)
class Head:
    """The answer: the size in bytes, and the headers by their names in small letters."""

    size: int
    headers: Mapping[str, str]


class Heads:
    """Asks one service."""

    def __init__(self, service: Service, *, requester_pays: bool = False) -> None:
        self._service, self._requester_pays = service, requester_pays
        self._region = service.region or _REGION

    def of(self, uri: Uri, *, part: int = 0) -> Head | None:
        """Return what is said of an object, or of one of its parts; None if nothing is."""
        path = f"/{quote(f'{uri.bucket}/{uri.key}', safe='/-_.~')}"
        path += f"?partNumber={part}" if part else ""
        base = self._service.endpoint or _aws(self._region)
        try:
            headers = self._signed(urlsplit(base).netloc, urlsplit(base).path + path)
            request = Request(base + path, headers=headers, method="HEAD")  # noqa: S310 - http or https, see service_url
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                said = {name.lower(): value for name, value in answer.headers.items()}
                return Head(int(said["content-length"]), said)
        except (OSError, HTTPException, AwsCrtError, ValueError, KeyError):
            return None

    def sums(self, uri: Uri, head: Head) -> Iterator[Sum]:
        """Yield the checksums of an object that can be computed, the cheapest first."""
        part_bytes: int | None = None
        for found in sums.known(head.headers):
            if not found.parts:
                yield found
                continue
            if part_bytes is None:
                part_bytes = self._part_bytes(uri, head, found.parts)
            if part_bytes:
                yield replace(found, part_bytes=part_bytes)

    @cached_property
    def _opener(self) -> OpenerDirector:
        """
        What sends the requests; many downloads need none, and it takes some time to make.

        Proxies and authorities come from the variables of this process, as rclone's do; an
        SSLContext made so does not heed the one that would have it write down its keys.
        """
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_default_certs()
        return build_opener(_NoRedirects, HTTPSHandler(context=tls))

    def _part_bytes(self, uri: Uri, head: Head, parts: int) -> int:
        """Return how long each part but the last is; 0 if nobody says or it cannot be."""
        first = self.of(uri, part=1)
        if first is None or first.headers.get("etag") != head.headers.get("etag"):
            return 0
        return first.size if first.size and -(-head.size // first.size) == parts else 0

    def _signed(self, host: str, path: str) -> dict[str, str]:
        headers = {"Host": host, "x-amz-checksum-mode": "ENABLED"}
        if self._requester_pays:
            headers["x-amz-request-payer"] = "requester"
        if self._service.is_anonymous:
            return headers
        request = HttpRequest("HEAD", path, HttpHeaders(list(headers.items())))
        auth.aws_sign_request(request, self._signing()).result(_TIMEOUT_S)
        return dict(request.headers)

    def _signing(self) -> Any:
        who = self._service
        return auth.AwsSigningConfig(
            algorithm=auth.AwsSigningAlgorithm.V4,
            signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
            credentials_provider=auth.AwsCredentialsProvider.new_static(
                who.access_key_id, who.secret_access_key, who.session_token or None
            ),
            region=self._region,
            service="s3",
            use_double_uri_encode=False,
            should_normalize_uri_path=False,
            signed_body_value=auth.AwsSignedBodyValue.UNSIGNED_PAYLOAD,
            signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
        )


class _NoRedirects(HTTPRedirectHandler):
    """A signature is for one host and region."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _aws(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
