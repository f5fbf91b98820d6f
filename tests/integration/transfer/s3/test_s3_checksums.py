"""Objects of other tools: what S3 itself knows of their bytes is compared."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from awscrt import checksums

from datacube_runtime.transfer.s3 import sums
from datacube_runtime.transfer.s3.environment import Service
from datacube_runtime.transfer.s3.heads import Heads
from datacube_runtime.transfer.s3.uri import read_uri
from tests.integration.transfer.s3.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacube_runtime.transfer.s3.sums import Sum

MIB = 1024**2
LARGE, OTHER = os.urandom(64 * MIB + 1), os.urandom(6 * MIB + 1)
IN_PARTS = ("--s3-upload-cutoff=5M", "--s3-chunk-size=5M", "--s3-disable-checksum")


def crc64(data: bytes) -> bytes:
    return checksums.crc64nvme(data).to_bytes(8, "big")


@pytest.fixture
def client(place: Any, keys: Any) -> Client:
    return Client(place, keys["admin"])


@pytest.fixture
def known(place: Any, keys: Any) -> Callable[[str], list[Sum]]:
    """Which checksums S3 has of an object, or an uploader left with it."""

    def look(name: str) -> list[Sum]:
        key = keys["admin"]
        heads = Heads(
            Service(place.server.url, "", key["S3_ACCESS_KEY_ID"], key["S3_SECRET_ACCESS_KEY"])
        )
        uri = read_uri(f"{place.uri}/{name}")
        head = heads.of(uri)
        assert head
        return list(heads.sums(uri, head))

    return look


def spoil(program: Any, file: str) -> None:
    """Change the first byte of a file after rclone has moved it: the size stays."""
    change = f'printf X | dd of="{program.volume}/{file}" conv=notrunc'
    script = f'test "$1" = copyto && exit 1; real "$@" && {{ test "$1" != copy || {change}; }}'
    program.wrap("rclone", script)


def _whole(place: Any, client: Client) -> None:  # noqa: ARG001 - one of three ways
    client.put("big", LARGE, x_amz_checksum_crc64nvme=b64encode(crc64(LARGE)).decode())


def _in_parts(place: Any, client: Client) -> None:  # noqa: ARG001
    client.put_in_parts("big", LARGE, 16 * MIB)


def _unsummed(place: Any, client: Client) -> None:  # noqa: ARG001
    place.put({"big": LARGE}, *IN_PARTS)


@pytest.fixture(
    params=[(_whole, "crc64nvme"), (_in_parts, "crc32"), (_unsummed, "md5")], ids=lambda p: p[1]
)
def big(request: pytest.FixtureRequest, place: Any, client: Client, known: Any) -> str:
    """The URI of a large object that another tool has put."""
    put, algorithm = request.param
    put(place, client)
    assert known("big")[0].algorithm == algorithm
    return f"{place.uri}/big"


def test_one_large_object_of_another_tool_is_verified_while_it_arrives(
    program: Any, big: str, tree: Any, commands: Any
) -> None:
    ended = program.download(S3_URI=big)
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"big": LARGE}
    assert commands() == ["copyto"]  # neither a listing before it nor another try


@pytest.mark.parametrize("name", ["", "/big"])
def test_bytes_that_arrive_wrong_lose_their_name(
    program: Any, place: Any, tree: Any, name: str
) -> None:
    leave = ("--header-upload", sums.as_header(crc64(LARGE)))
    place.put({"big": LARGE}, *IN_PARTS, *leave)
    spoil(program, "big")
    ended = program.download(S3_URI=place.uri + name)
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert "what arrived is not what was sent" in ended.message
    assert f"{place.uri}/big" in ended.message
    assert tree(program.volume) == {}


def test_of_many_those_are_verified_that_rclone_cannot(
    program: Any, place: Any, client: Client, tree: Any
) -> None:
    place.put({"small": b"1", "etag only": OTHER}, *IN_PARTS)
    client.put_in_parts("d/parts", OTHER, 5 * MIB)
    spoil(program, "d/parts")
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert f"{place.uri}/d/parts; try again" in ended.message
    assert tree(program.volume) == {"small": b"1", "etag only": OTHER}


def test_an_etag_that_differs_means_something_where_another_is_right(
    program: Any, place: Any, tree: Any
) -> None:
    place.put({"a": OTHER, "b": OTHER}, *IN_PARTS)
    spoil(program, "a")
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert tree(program.volume) == {"b": OTHER}


def test_one_etag_alone_may_be_no_md5(program: Any, place: Any) -> None:
    place.put({"a": OTHER, "b": b"1"}, *IN_PARTS)
    spoil(program, "a")
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert f"only the size was compared: {place.uri}/a" in ended.log


def test_a_checksum_that_was_left_with_other_bytes_is_not_the_last_word(
    program: Any, place: Any, tree: Any
) -> None:
    place.put({"big": LARGE}, *IN_PARTS, "--header-upload", sums.as_header(bytes(8)))
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"big": LARGE}


def test_what_was_there_before_is_not_read_again(program: Any, place: Any, client: Client) -> None:
    client.put_in_parts("a", OTHER, 5 * MIB)
    assert program.download(S3_URI=place.uri).result["transferred_files"] == 1
    spoiled = program.volume / "a"
    stamp = spoiled.stat().st_mtime_ns
    spoiled.write_bytes(b"X" * len(OTHER))
    os.utime(spoiled, ns=(stamp, stamp))
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.result["transferred_files"]) == (0, 0), ended.everything


def test_the_author_may_do_without(program: Any, place: Any, client: Client) -> None:
    client.put_in_parts("a", OTHER, 5 * MIB)
    spoil(program, "a")
    ended = program.download("--ignore-checksum", S3_URI=place.uri)
    assert ended.code == 0, ended.everything


@pytest.fixture
def public(make_place: Callable[..., Any]) -> Iterator[Any]:
    place = make_place("public", "of-parts")
    yield place
    place.rclone("purge", place.remote)


def test_a_public_object_is_verified_without_keys(
    program: Any, public: Any, tree: Any, commands: Any
) -> None:
    public.put({"big": LARGE}, *IN_PARTS)
    nobody = {"S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}
    ended = program.download(S3_URI=f"{public.uri}/big", **nobody)
    assert ended.code == 0, ended.everything
    assert commands() == ["copyto"]
    assert tree(program.volume) == {"big": LARGE}


@pytest.mark.parametrize("sub_path", ["", "big"])
def test_an_upload_of_one_large_file_leaves_a_checksum_with_it(
    program: Any, place: Any, known: Any, tree: Any, sub_path: str
) -> None:
    (program.volume / "big").write_bytes(LARGE)
    ended = program.upload(S3_URI=place.uri, sub_path=sub_path)
    assert ended.code == 0, ended.everything
    (left, etag) = known("big")
    assert (left.algorithm, left.digest) == ("crc64nvme", crc64(LARGE))
    assert etag.parts
    ended = program.download(S3_URI=place.uri, sub_path="again")
    assert ended.code == 0, ended.everything
    assert tree(program.volume / "again") == {"big": LARGE}


def test_uploads_of_several_and_those_that_the_author_wants_so_have_an_md5(
    program: Any, place: Any, known: Any
) -> None:
    (program.volume / "big").write_bytes(LARGE)
    assert program.upload("--checksum", S3_URI=place.uri).code == 0
    assert [one.algorithm for one in known("big")] == ["md5", "md5"]
    (program.volume / "also").write_bytes(LARGE)
    assert program.upload(S3_URI=f"{place.uri}/d").code == 0
    assert [one.algorithm for one in known("d/big")] == ["md5", "md5"]


def test_what_is_there_already_is_not_read_for_a_checksum(program: Any, place: Any) -> None:
    (program.volume / "big").write_bytes(LARGE)
    assert program.upload(S3_URI=place.uri).result["transferred_files"] == 1
    told = program.scratch / "told"
    program.wrap("rclone", f'test "$1" = copy && echo "$@" >> {told}; real "$@"')
    assert program.upload(S3_URI=place.uri).result["transferred_files"] == 0
    assert "--header-upload" not in told.read_text()
