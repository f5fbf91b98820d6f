from __future__ import annotations

import hashlib
import os
import zlib
from base64 import b64encode
from typing import Any

import pytest

from datacube_runtime.transfer.s3 import sums
from datacube_runtime.transfer.s3.sums import Sum, has_md5, known

DATA = os.urandom(1000)
MD5 = hashlib.md5(DATA, usedforsecurity=False)
ETAG, MD5CHKSUM = f'"{MD5.hexdigest()}"', b64encode(MD5.digest()).decode()
PARTS = f'"{"0" * 32}-3"'
CRC64 = "rosUhgp5mIg="  # of 123456789


def told(**headers: str) -> list[tuple[str, int]]:
    found = known({name.replace("_", "-"): value for name, value in headers.items()})
    return [(one.algorithm, one.parts) for one in found]


def computed(expected: Sum, data: bytes, step: int = 7) -> bytes:
    taken = expected.hash()
    for at in range(0, len(data), step):
        taken.update(memoryview(data)[at : at + step])
    return taken.digest()


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [("crc64nvme", "ae8b14860a799888"), ("crc32c", "e3069283"), ("crc32", "cbf43926")],
)
def test_the_check_values_of_the_catalogue_of_crcs(algorithm: str, check: str) -> None:
    """Source: https://reveng.sourceforge.io/crc-catalogue/all.htm."""
    assert computed(Sum(algorithm, b""), b"123456789").hex() == check


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_the_hashes_are_those_of_hashlib(algorithm: str) -> None:
    assert computed(Sum(algorithm, b""), DATA) == hashlib.new(algorithm, DATA).digest()


@pytest.mark.parametrize("step", [1, 7, 100, 250, 1000])
@pytest.mark.parametrize("length", [100, 250, 1000, 1001])
def test_the_sum_of_the_parts_sums(step: int, length: int) -> None:
    parts = [DATA[at : at + length] for at in range(0, len(DATA), length)]
    of_md5 = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    of_crc = b"".join(zlib.crc32(part).to_bytes(4, "big") for part in parts)
    by_md5 = Sum("md5", b"", parts=len(parts), part_bytes=length)
    by_crc = Sum("crc32", b"", parts=len(parts), part_bytes=length)
    assert computed(by_md5, DATA, step) == hashlib.md5(of_md5, usedforsecurity=False).digest()
    assert computed(by_crc, DATA, step) == zlib.crc32(of_crc).to_bytes(4, "big")


def test_the_cheapest_comes_first() -> None:
    (first, *rest) = known(
        {
            "etag": ETAG,
            "x-amz-meta-md5chksum": MD5CHKSUM,
            "x-amz-checksum-sha256": "AAAA",
            "x-amz-checksum-crc64nvme": CRC64,
            "x-amz-checksum-type": "FULL_OBJECT",
            sums.OURS: "AAAAAAAAAAA=",
        }
    )
    assert first == Sum("crc64nvme", bytes.fromhex("ae8b14860a799888"))
    assert [one.algorithm for one in rest] == ["crc64nvme", "sha256", "md5", "md5"]


def test_an_etag_need_not_be_what_it_looks_like() -> None:
    (etag,) = known({"etag": ETAG})
    assert (etag.digest, etag.is_declared) == (MD5.digest(), False)
    (declared,) = known({"x-amz-meta-md5chksum": MD5CHKSUM})
    assert (declared.digest, declared.is_declared) == (MD5.digest(), True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"etag": PARTS}, [("md5", 3)]),
        ({"etag": PARTS, "x_amz_server_side_encryption": "AES256"}, [("md5", 3)]),
        ({"etag": ETAG, "x_amz_server_side_encryption": "aws:kms"}, []),
        ({"etag": ETAG, "x_amz_server_side_encryption_customer_algorithm": "AES256"}, []),
        ({"etag": '"0D4F-of-another-kind"'}, []),
        ({"x_amz_checksum_crc32": "uhmmtg==-3", "etag": PARTS}, [("crc32", 3), ("md5", 3)]),
        ({"x_amz_checksum_crc32": "no base 64"}, []),
        ({"x_amz_checksum_of_tomorrow": CRC64}, []),
    ],
)
def test_what_is_known(headers: dict[str, str], expected: list[Any]) -> None:
    assert told(**headers) == expected


@pytest.mark.parametrize(
    "headers", [{"etag": ETAG}, {"etag": PARTS, "x-amz-meta-md5chksum": MD5CHKSUM}]
)
def test_which_objects_rclone_verifies_itself(headers: dict[str, str]) -> None:
    assert has_md5(headers)


@pytest.mark.parametrize(
    "headers", [{"etag": PARTS}, {"etag": ETAG, "x-amz-server-side-encryption": "aws:kms"}, {}]
)
def test_which_it_does_not(headers: dict[str, str]) -> None:
    assert not has_md5(headers)


def test_what_an_upload_leaves_is_understood_by_a_download() -> None:
    taken = sums.crc64nvme()
    taken.update(memoryview(b"123456789"))
    name, _, value = sums.as_header(taken.digest()).partition(": ")
    assert [one.digest for one in known({name: value})] == [taken.digest()]
