"""Given a store that refuses or fails, the error says whether time mends it, and if not what a person has to do."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenderlake.errors import NeedsPersonError
from tenderlake.storage import (
    ConditionFailedError,
    DiskFullError,
    ObjectMissingError,
    Storage,
    StorageAccessError,
    StorageError,
    StorageRefusedError,
    StorageUnavailableError,
)

pytestmark = pytest.mark.integration


def store_at(endpoint_url: str, bucket: str = "tenders", verify: str | None = None) -> Storage:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
        verify=verify,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2),
    )
    return Storage(client, bucket)


@contextmanager
def server(status: int, code: str, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A store that gives one answer to everything, because no real one fails on demand; yields its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener.server_address[1]
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalError"),
        (503, "SlowDown"),
        (429, "TooManyRequests"),
        (400, "RequestTimeout"),
        (409, "OperationAborted"),
        (507, "InsufficientStorage"),
    ],
)
def test_what_time_mends_is_unavailable(status: int, code: str) -> None:
    with server(status, code) as port, pytest.raises(StorageUnavailableError, match=code) as caught:
        store_at(f"http://127.0.0.1:{port}").get_bytes("lake/a")
    assert not isinstance(caught.value, NeedsPersonError)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "InvalidArgument"),
        (400, "EntityTooLarge"),
        (400, "AuthorizationHeaderMalformed"),
        (403, "InvalidObjectState"),
        (405, "MethodNotAllowed"),
        (301, "PermanentRedirect"),
    ],
)
def test_what_no_time_mends_needs_a_person_and_names_code_and_key(status: int, code: str) -> None:
    with server(status, code) as port, pytest.raises(StorageRefusedError) as caught:
        store_at(f"http://127.0.0.1:{port}").get_bytes("lake/a")
    assert isinstance(caught.value, NeedsPersonError)
    assert (caught.value.code, caught.value.key) == (code, "lake/a")
    assert code in str(caught.value)
    assert "lake/a" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchBucket", StorageAccessError),
        (404, "NoSuchKey", ObjectMissingError),
        (403, "AccessDenied", StorageAccessError),
        (412, "PreconditionFailed", ConditionFailedError),
        (503, "SlowDown", StorageUnavailableError),
        (400, "EntityTooLarge", StorageRefusedError),
    ],
)
def test_an_upload_fails_like_any_other_request(
    status: int, code: str, error: type[StorageError], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"data")
    with server(status, code) as port, pytest.raises(StorageError) as caught:
        store_at(f"http://127.0.0.1:{port}").upload(path, "lake/a", "text/plain")
    assert type(caught.value) is error


def test_a_key_that_the_store_finds_too_long_is_refused(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(StorageRefusedError, match="KeyTooLong"):
        storage.put_bytes("x" * 256, b"", "text/plain")
    path = tmp_path / "file"
    path.write_bytes(b"data")
    with pytest.raises(StorageRefusedError, match="KeyTooLong"):
        storage.upload(path, "x" * 256, "text/plain")


def test_a_version_that_is_gone_is_told_apart(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("inbox/a", b"new", "text/plain")
    with pytest.raises(ConditionFailedError):
        storage.download("inbox/a", tmp_path / "a", etag="0" * 32)


def test_a_name_that_is_no_bucket_needs_a_person() -> None:
    with pytest.raises(StorageAccessError, match="TENDERLAKE_BUCKET"):
        store_at("http://127.0.0.1:9", bucket="Тендеры и закупки").check()


def test_an_endpoint_that_is_no_address_needs_a_person() -> None:
    with pytest.raises(StorageAccessError, match=r"endpoint.*http://"):
        store_at("ftp://127.0.0.1:9").check()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_certificate_that_is_not_trusted_says_how_to_trust_it(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with server(503, "SlowDown", context) as port:
        with pytest.raises(StorageAccessError, match=r"not trusted.*AWS_CA_BUNDLE.*verify"):
            store_at(f"https://localhost:{port}").get_bytes("a")
        with pytest.raises(StorageUnavailableError, match="SlowDown"):
            store_at(f"https://localhost:{port}", verify=str(certificate)).get_bytes("a")


def test_https_to_a_server_without_tls_says_so() -> None:
    with server(503, "SlowDown") as port, pytest.raises(StorageAccessError, match="http://"):
        store_at(f"https://localhost:{port}").get_bytes("a")


def test_a_ca_bundle_that_is_not_there_is_named(certificate: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with server(503, "SlowDown", context) as port, pytest.raises(StorageAccessError, match="AWS_CA_BUNDLE"):
        store_at(f"https://localhost:{port}", verify=str(tmp_path / "no-such.pem")).get_bytes("a")


def test_a_download_to_a_full_disk_names_the_file_and_what_to_do(storage: Storage) -> None:
    storage.put_bytes("inbox/ТЗ.pdf", b"x" * 100_000, "application/pdf")
    with pytest.raises(DiskFullError, match=r"/dev/full.*s3://.*/inbox/ТЗ\.pdf.*TMPDIR") as caught:
        storage.download("inbox/ТЗ.pdf", Path("/dev/full"))
    assert not isinstance(caught.value, NeedsPersonError)  # somebody else's file may be gone when it is tried again
