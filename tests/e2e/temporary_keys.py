"""Keys that need their session token: an S3 server that issues them, and the request for some."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx

from demo.s3_server import Key, S3Server

if TYPE_CHECKING:
    from pathlib import Path

_ROLE = "arn:aws:iam::role/Mover"
_ANYTHING = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}
_TRUST = {"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]}
_VERSION = "2012-10-17"
_IAM = {
    "sts": {
        "tokenDuration": "1h",
        "maxSessionLength": "12h",
        "issuer": "tests",
        "signingKey": "Y2FuYXJ5LXNpZ25pbmcta2V5LW9mLTMyLWJ5dGVzLi4u",
    },
    "policy": {"defaultEffect": "Deny", "storeType": "memory"},
    "policies": [{"name": "All", "document": {"Version": _VERSION, "Statement": [_ANYTHING]}}],
    "roles": [
        {
            "roleName": "Mover",
            "roleArn": _ROLE,
            "attachedPolicies": ["All"],
            "trustPolicy": {"Version": _VERSION, "Statement": [_TRUST]},
        }
    ],
}


class IssuingS3Server(S3Server):
    """SeaweedFS with its security token service: who has a key may assume the role."""

    def _argv(self, identities: Path) -> list[str]:
        config = self._root / "iam.json"
        config.write_text(json.dumps(_IAM))
        argv = [word for word in super()._argv(identities) if word != "-s3.iam=false"]
        return [*argv, "-s3.iam=true", f"-s3.iam.config={config}"]


@dataclass(frozen=True)
class TemporaryKey:
    """A pair of keys that is worth nothing without its token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)


def assume_role(endpoint: str, key: Key) -> TemporaryKey:
    """Ask for temporary keys, as ``sts:AssumeRole`` has it."""
    asked = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": _ROLE}
    body = urlencode({**asked, "RoleSessionName": "mover"})
    answer = httpx.post(endpoint, content=body, headers=_signed(endpoint, body, key))
    answer.raise_for_status()
    return TemporaryKey(
        *(
            re.findall(f"<{name}>([^<]+)<", answer.text)[0]
            for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
    )


def _signed(endpoint: str, body: str, key: Key) -> dict[str, str]:
    """
    Return the headers of a POST to the service, signed.

    Source: "Create a signed AWS API request" of the IAM manual (Signature Version 4).
    """
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/us-east-1/sts/aws4_request"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "host": urlsplit(endpoint).netloc,
        "x-amz-date": now,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = hashlib.sha256(f"POST\n/\n\n{lines}\n{names}\n{digest}".encode()).hexdigest()
    signing = f"AWS4{key.secret_access_key}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{canonical}"
    signature = hmac.digest(signing, text.encode(), "sha256").hex()
    credential = f"Credential={key.access_key_id}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": authorization}
