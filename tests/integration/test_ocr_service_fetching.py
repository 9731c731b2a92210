"""Given an address, its document is fetched, or the answer says why not. Real sockets; nothing leaves this machine.

The public internet of these tests is 127.0.0.2: the rest of the loopback network stands for what must not be reached.
"""

from __future__ import annotations

import asyncio
import datetime
import io
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ocr_tasks.service.errors import ErrorCode, ServiceError
from ocr_tasks.service.fetching import Fetcher
from tests.webhosts import Behave, Host, gives

pytestmark = pytest.mark.integration

PUBLIC = "127.0.0.2"
INSIDE = "127.0.0.3"
DOCUMENT = b"%PDF-1.7 " + bytes(range(256)) * 100

TLS_NAMES = ("documents.example", "other.example", "xn--e1afmkfd.xn--p1ai")

StartHost = Callable[..., Host]


@pytest.fixture
def host() -> Iterator[StartHost]:
    """Starts web servers."""
    hosts: list[Host] = []

    def start(address: str, behave: Behave, tls: Path | None = None) -> Host:
        hosts.append(Host(address, behave, tls))
        return hosts[-1]

    yield start
    for one in hosts:
        one.close()


def redirects_to(url: str, status: int = 302) -> Behave:
    return gives(b"", status, Location=url)


def fetch(url: str, *, max_bytes: int = 10**6, timeout_s: float = 20.0) -> bytes:
    """What is fetched by somebody who may reach the public internet only."""

    async def run() -> bytes:
        target = io.BytesIO()
        fetcher = Fetcher(max_bytes, is_allowed=lambda address: address == PUBLIC)
        await asyncio.wait_for(fetcher.fetch(url, target), timeout_s)
        return target.getvalue()

    return asyncio.run(run())


def refusal(url: str, **limits: int) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        fetch(url, **limits)  # type: ignore[arg-type]
    return raised.value


def test_a_document_is_fetched(host: StartHost) -> None:
    public = host(PUBLIC, gives(DOCUMENT))
    assert fetch(f"{public.url}/тендер №1.pdf?X-Amz-Signature=a%2Fb") == DOCUMENT
    (asked,) = public.asked
    assert asked.path == "/%D1%82%D0%B5%D0%BD%D0%B4%D0%B5%D1%80%20%E2%84%961.pdf?X-Amz-Signature=a%2Fb"
    assert asked.headers["Host"] == public.url.removeprefix("http://")
    assert "Authorization" not in asked.headers
    assert "Cookie" not in asked.headers


@pytest.mark.parametrize(
    ("name", "sent"),
    [("пример.рф", "xn--e1afmkfd.xn--p1ai"), ("[::1]", "[::1]"), ("Documents.Example", "documents.example")],
)
def test_the_host_is_named_as_http_wants_it(
    host: StartHost, monkeypatch: pytest.MonkeyPatch, name: str, sent: str
) -> None:
    resolved = dict.fromkeys(("xn--e1afmkfd.xn--p1ai", "::1", "documents.example"), PUBLIC)
    monkeypatch.setattr("socket.getaddrinfo", resolving(resolved))
    public = host(PUBLIC, gives(DOCUMENT))
    port = public.url.rpartition(":")[2]
    assert fetch(f"http://{name}:{port}/a.pdf") == DOCUMENT
    assert public.asked[0].headers["Host"] == f"{sent}:{port}"


def test_a_name_that_cannot_be_encoded_is_told() -> None:
    assert refusal(f"http://{'я' * 70}.рф/").code is ErrorCode.URL_NOT_FETCHED


def test_a_redirect_within_the_public_internet_is_followed(host: StartHost) -> None:
    public = host(PUBLIC, gives(DOCUMENT))
    first = host(PUBLIC, redirects_to(f"{public.url}/there"))
    assert fetch(first.url) == DOCUMENT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_inside_is_refused(host: StartHost, status: int) -> None:
    inside = host(INSIDE, gives(DOCUMENT))
    public = host(PUBLIC, redirects_to(inside.url, status))
    assert refusal(public.url).code is ErrorCode.REFUSED_URL
    assert inside.asked == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.2/", "gopher://127.0.0.2/", "http://[", "http://a:b/"]
)
def test_a_redirect_to_something_else_is_refused(host: StartHost, target: str) -> None:
    assert refusal(host(PUBLIC, redirects_to(target)).url).code is ErrorCode.REFUSED_URL


def test_the_inside_is_refused_at_once(host: StartHost) -> None:
    inside = host(INSIDE, gives(DOCUMENT))
    assert refusal(inside.url).code is ErrorCode.REFUSED_URL
    assert inside.asked == []


def test_a_proxy_of_the_environment_is_not_used(host: StartHost, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = host(INSIDE, gives(b"from the proxy"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    assert fetch(host(PUBLIC, gives(DOCUMENT)).url) == DOCUMENT
    assert proxy.asked == []


def test_redirects_in_a_circle_end(host: StartHost) -> None:
    public = host(PUBLIC, lambda request: redirects_to(request.path)(request))
    assert "more than 5 redirects" in refusal(public.url).message
    assert len(public.asked) == 6


def test_too_much_is_413(host: StartHost) -> None:
    announced = refusal(host(PUBLIC, gives(DOCUMENT)).url, max_bytes=1000)
    assert (announced.status, announced.code) == (413, ErrorCode.TOO_LARGE)


def test_too_much_that_is_not_announced_is_413(host: StartHost) -> None:
    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(DOCUMENT)

    assert refusal(host(PUBLIC, behave).url, max_bytes=1000).status == 413


def test_no_length_and_chunks_are_understood(host: StartHost) -> None:
    def behave(request: BaseHTTPRequestHandler) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for part in (DOCUMENT[:100], DOCUMENT[100:]):
            request.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        request.wfile.write(b"0\r\n\r\n")

    assert fetch(host(PUBLIC, behave).url) == DOCUMENT


@pytest.mark.parametrize(
    ("behave", "message"),
    [
        (gives(b"", 404), "it answered 404"),
        (gives(b"", 500), "it answered 500"),
        (gives(b"", 204), "it answered 204"),
        (gives(b"x", 200, Content_Encoding="gzip"), "compressed"),
        (gives(b"short", 200, Content_Length="1000"), "cut off"),
        (lambda request: request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "its answer is no HTTP"),
        (lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000), "its answer is no HTTP"),
        (lambda request: None, "its answer is no HTTP"),
    ],
    ids=["404", "500", "204", "compressed", "cut off", "ssh", "endless header", "nothing"],
)
def test_what_gives_no_document_is_told(host: StartHost, behave: Behave, message: str) -> None:
    error = refusal(host(PUBLIC, behave).url + "/?secret=pa55word")
    assert (error.status, error.code) == (422, ErrorCode.URL_NOT_FETCHED)
    assert message in error.message
    assert "pa55word" not in error.message


def test_nobody_there_is_told() -> None:
    error = refusal(f"http://{PUBLIC}:1/")
    assert (error.status, error.code) == (422, ErrorCode.URL_NOT_FETCHED)
    assert "the connection failed" in error.message


def test_plain_http_where_tls_is_asked_for_is_told(host: StartHost) -> None:
    public = host(PUBLIC, gives(DOCUMENT))
    assert "no trusted connection" in refusal(public.url.replace("http://", "https://")).message


def test_a_drip_is_given_up_when_its_time_is_over(host: StartHost) -> None:
    release = threading.Event()

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not release.wait(0.05):
            request.wfile.write(b"A: b\r\n")

    public = host(PUBLIC, behave)
    with pytest.raises(asyncio.TimeoutError):
        fetch(public.url, timeout_s=0.5)
    release.set()


def test_https_is_trusted_by_the_name_and_not_by_the_address(
    host: StartHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was judged; the certificate is that of the name that was asked for."""
    names = certificate(tmp_path, "documents.example", "xn--e1afmkfd.xn--p1ai")
    monkeypatch.setenv("SSL_CERT_FILE", str(names))
    monkeypatch.setattr("socket.getaddrinfo", resolving(dict.fromkeys(TLS_NAMES, PUBLIC)))
    public = host(PUBLIC, gives(DOCUMENT), tls=names)
    port = public.url.rpartition(":")[2]
    assert fetch(f"https://documents.example:{port}/a.pdf") == DOCUMENT
    assert public.asked[0].headers["Host"] == f"documents.example:{port}"
    assert fetch(f"https://пример.рф:{port}/a.pdf") == DOCUMENT
    wrong_name = refusal(f"https://other.example:{port}/a.pdf")
    assert "no trusted connection" in wrong_name.message
    monkeypatch.delenv("SSL_CERT_FILE")
    unknown_signer = refusal(f"https://documents.example:{port}/a.pdf")
    assert "no trusted connection" in unknown_signer.message


def test_a_name_is_resolved_once_so_that_it_cannot_change_its_mind(
    host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = host(INSIDE, gives(b"%PDF-1.7 secret"))
    public = host(PUBLIC, gives(DOCUMENT))
    answers = [PUBLIC, INSIDE, INSIDE]
    real = socket.getaddrinfo

    def rebinding(name: str, *rest: Any, **options: Any) -> Any:
        return real(answers.pop(0) if name == "rebinding.example" else name, *rest, **options)

    monkeypatch.setattr("socket.getaddrinfo", rebinding)
    assert fetch(f"http://rebinding.example:{public.url.rpartition(':')[2]}/") == DOCUMENT
    assert (answers, inside.asked) == ([INSIDE, INSIDE], [])


def resolving(names: dict[str, str]) -> Callable[..., Any]:
    """The resolver of this machine, with names of our own."""
    real = socket.getaddrinfo
    return lambda name, *rest, **options: real(names.get(name, name), *rest, **options)


def certificate(folder: Path, *names: str) -> Path:
    """A certificate for some names, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
