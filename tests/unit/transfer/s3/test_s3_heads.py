from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.s3 import heads
from datacube_runtime.transfer.s3.environment import Service
from datacube_runtime.transfer.s3.heads import Head, Heads
from datacube_runtime.transfer.s3.sums import Sum
from datacube_runtime.transfer.s3.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

URI = Uri("bucket", "a b/ä+%1")
PATH = "/bucket/a%20b/%C3%A4%2B%251"


class Server(ThreadingHTTPServer):
    """Answers each HEAD by the next of ``answers``: status, headers; what was asked is kept."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.asked: list[tuple[str, Message]] = []
        self.silence = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.server.asked.append((self.path, self.headers))
        status, headers = self.server.answers.pop(0)
        if not status:
            self.server.silence.wait(10)
            return
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.silence.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_is_signed_with_the_token_and_asks_for_checksums(server: Server) -> None:
    server.answers = [(200, {"Content-Length": "7", "ETag": '"x"'})]
    service = Service(f"{server.url}/below", "eu-1", "AKid", "secret", "session")
    head = Heads(service, requester_pays=True).of(URI)
    assert head
    assert (head.size, head.headers["etag"]) == (7, '"x"')
    ((path, headers),) = server.asked
    assert path == f"/below{PATH}"
    assert headers["x-amz-checksum-mode"] == "ENABLED"
    assert headers["x-amz-request-payer"] == "requester"
    assert headers["x-amz-security-token"] == "session"
    signed = headers["authorization"]
    assert "Credential=AKid/" in signed
    assert "/eu-1/s3/aws4_request" in signed
    for name in ("host", "x-amz-checksum-mode", "x-amz-request-payer", "x-amz-security-token"):
        assert name in signed.partition("SignedHeaders=")[2].partition(",")[0].split(";")


def test_nobody_in_particular_signs_nothing(server: Server) -> None:
    server.answers = [(200, {"Content-Length": "7"})]
    assert Heads(Service(server.url)).of(URI)
    assert server.asked[0][1]["authorization"] is None


@pytest.mark.parametrize(
    "answer",
    [
        (301, {"Location": "/elsewhere"}),
        (307, {"Location": "/elsewhere"}),
        (403, {}),
        (404, {}),
        (500, {}),
        (200, {}),
        (200, {"Content-Length": "many"}),
        (0, {}),
    ],
)
def test_whatever_else_is_answered_says_nothing(
    server: Server, answer: tuple[int, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "_TIMEOUT_S", 0.2)
    server.answers = [answer]
    assert Heads(Service(server.url)).of(URI) is None
    assert len(server.asked) == 1


def test_where_nobody_listens_nothing_is_said() -> None:
    assert Heads(Service("http://127.0.0.1:1")).of(URI) is None


ETAG = f'"{"0" * 32}-3"'


@pytest.mark.parametrize(
    ("first", "part_bytes"),
    [
        ((206, {"Content-Length": "4", "ETag": ETAG}), 4),
        ((206, {"Content-Length": "3", "ETag": ETAG}), 0),  # four parts
        ((206, {"Content-Length": "10", "ETag": ETAG}), 0),  # a service that knows no parts
        ((206, {"Content-Length": "4", "ETag": '"another"'}), 0),  # written anew meanwhile
        ((206, {"Content-Length": "0", "ETag": ETAG}), 0),
        ((416, {}), 0),
    ],
)
def test_how_long_the_parts_are_is_asked_once(
    server: Server, first: tuple[int, dict[str, str]], part_bytes: int
) -> None:
    headers = {"etag": ETAG, "x-amz-checksum-crc32": "uhmmtg==-3"}
    server.answers = [first]
    found = list(Heads(Service(server.url)).sums(URI, Head(10, headers)))
    assert [one.part_bytes for one in found] == ([part_bytes] * 2 if part_bytes else [])
    assert [path for path, _ in server.asked] == [f"{PATH}?partNumber=1"]


def test_a_sum_of_the_whole_needs_no_further_question(server: Server) -> None:
    head = Head(10, {"etag": ETAG, "x-amz-checksum-crc32": "uhmmtg=="})
    first = next(Heads(Service(server.url)).sums(URI, head))
    assert first == Sum("crc32", bytes.fromhex("ba19a6b6"))
    assert not server.asked


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("", "s3.us-east-1.amazonaws.com"),
        ("eu-west-1", "s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_aws_is_where_its_region_is(
    region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(request: object, timeout: float) -> None:  # noqa: ARG001 - the opener's signature
        asked.append(request.full_url)  # type: ignore[attr-defined]
        raise OSError

    one = Heads(Service(region=region))
    monkeypatch.setattr(one._opener, "open", refuse)
    assert one.of(URI) is None
    assert asked == [f"https://{host}{PATH}"]
