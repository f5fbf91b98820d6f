from __future__ import annotations

import datetime as dt
import hashlib
import ssl
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = b"from afar"
ETAG = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
LISTING = (
    '<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>'
    "<Contents><Key>p/a</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    f"<ETag>&quot;{ETAG}&quot;</ETag><Size>{len(CONTENT)}</Size></Contents></ListBucketResult>"
)


class _Bucket(BaseHTTPRequestHandler):
    """A bucket with one object, for whoever comes; as a server or as a proxy before one."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = 10

    def __init__(self, asked: list[str], *args: Any) -> None:
        self._asked = asked
        super().__init__(*args)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        body = LISTING.encode() if "prefix=" in self.path else CONTENT
        self.send_response(200)
        self.send_header("ETag", f'"{ETAG}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        pass


class _Refusing(_Bucket):
    """The same, and it takes nothing; ``asked`` begins with the status and the code."""

    def do_PUT(self) -> None:
        status, code = self._asked[:2]
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f"<Error><Code>{code}</Code><Message>Some words.</Message></Error>".encode()
        self.send_response(int(status))
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(
        asked: list[str], tls: ssl.SSLContext | None = None, handler: type[_Bucket] = _Bucket
    ) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, asked))
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused certificate
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that its own key has signed, and the key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody's authority")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    day = dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    file = tmp_path / "certificate.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, *plain))
    return file


def test_a_private_authority_is_trusted_where_the_author_names_it(
    program: Any, serve: Any, certificate: Path, tree: Any
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    there = {"S3_URI": "s3://bucket/p/", "S3_ENDPOINT": serve([], tls)}
    ended = program.download(**there)
    assert (ended.code, ended.reason) == (75, "NetworkError")
    assert "certificate" in ended.message
    ended = program.download(**there, SSL_CERT_FILE=str(certificate))
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"a": CONTENT}


def test_a_proxy_is_used_where_the_author_names_it(program: Any, serve: Any, tree: Any) -> None:
    asked: list[str] = []
    ended = program.download(
        S3_URI="s3://bucket/p/",
        S3_ENDPOINT="http://s3.invalid",
        HTTP_PROXY=f"http://{serve(asked)}",
    )
    assert ended.code == 0, ended.everything
    assert tree(program.volume) == {"a": CONTENT}
    assert asked
    assert all(path.startswith("http://s3.invalid/bucket") for path in asked)


def test_an_object_is_looked_at_over_the_same_ways(
    program: Any, serve: Any, certificate: Path, commands: Any
) -> None:
    tls, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    tls.load_cert_chain(certificate)
    proxy, server = serve(asked), serve([], tls)
    object_ = {"S3_URI": "s3://bucket/p/a"}
    for way in (
        {"S3_ENDPOINT": "http://s3.invalid", "HTTP_PROXY": f"http://{proxy}"},
        {"S3_ENDPOINT": server, "SSL_CERT_FILE": str(certificate)},
    ):
        ended = program.download(**object_, **way)
        assert ended.code == 0, ended.everything
    assert asked[0] == "http://s3.invalid/bucket/p/a"
    assert commands() == ["copy", "copy"]  # rclone was not asked whether there is such an object


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("400", "BadDigest", "VerificationFailed"),
        ("507", "InsufficientStorage", "NoSpaceLeft"),
        ("400", "RequestTimeout", "NetworkError"),
        ("503", "SlowDown", "NetworkError"),
        ("403", "AccessDenied", "PermissionDenied"),
        ("400", "EntityTooLarge", "EngineFailed"),
    ],
)
def test_why_a_server_takes_nothing_is_read_off_its_code(
    program: Any, serve: Any, status: str, code: str, reason: str
) -> None:
    (program.volume / "b").write_text("2")
    server = serve([status, code], handler=_Refusing)
    ended = program.upload(
        S3_URI="s3://bucket/p", S3_ENDPOINT=f"http://{server}", S3_NO_CHECK_BUCKET="true"
    )
    assert ended.reason == reason, ended.everything
    assert code in ended.message or status in ended.message
