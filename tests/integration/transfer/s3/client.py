"""Another tool that puts objects into S3, and sends checksums of its own."""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from awscrt import auth
from awscrt.http import HttpHeaders, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


def crc32(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class Client:
    """Puts objects below the prefix of a place."""

    def __init__(self, place: Any, variables: Mapping[str, str]) -> None:
        self._url, self._path = place.server.url, f"/{place.bucket}/{place.prefix}"
        self._signing = auth.AwsSigningConfig(
            algorithm=auth.AwsSigningAlgorithm.V4,
            signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
            credentials_provider=auth.AwsCredentialsProvider.new_static(
                variables["S3_ACCESS_KEY_ID"], variables["S3_SECRET_ACCESS_KEY"]
            ),
            region="us-east-1",
            service="s3",
            use_double_uri_encode=False,
            should_normalize_uri_path=False,
            signed_body_value=auth.AwsSignedBodyValue.UNSIGNED_PAYLOAD,
            signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
        )

    def put(self, key: str, data: bytes, **headers: str) -> None:
        self._ask("PUT", key, data, headers)

    def put_in_parts(self, key: str, data: bytes, part_bytes: int) -> None:
        """Put an object whose checksum is that of the checksums of its parts."""
        asked = {"x-amz-checksum-algorithm": "CRC32"}
        said, _ = self._ask("POST", f"{key}?uploads=", b"", asked)
        (upload,) = re.findall("<UploadId>(.*)</UploadId>", said)
        done = ""
        for number, at in enumerate(range(0, len(data), part_bytes), 1):
            part = data[at : at + part_bytes]
            headers = {"x-amz-checksum-crc32": crc32(part)}
            where = f"{key}?partNumber={number}&uploadId={upload}"
            _, etag = self._ask("PUT", where, part, headers)
            done += (
                f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>"
                f"<ChecksumCRC32>{crc32(part)}</ChecksumCRC32></Part>"
            )
        done = f"<CompleteMultipartUpload>{done}</CompleteMultipartUpload>"
        self._ask("POST", f"{key}?uploadId={upload}", done.encode(), {})

    def _ask(
        self, method: str, key: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[str, str]:
        path, host = f"{self._path}/{key}", self._url.partition("//")[2]
        named = [("Host", host), *((n.replace("_", "-"), v) for n, v in headers.items())]
        signed = HttpRequest(method, path, HttpHeaders(named))
        auth.aws_sign_request(signed, self._signing).result(5)
        headers, url = dict(signed.headers), self._url + path
        request = Request(url, body, headers, method=method)  # noqa: S310 - our own server
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.read().decode(), answer.headers["ETag"] or ""
