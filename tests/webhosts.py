"""Web servers that behave as a test tells them to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

Behave = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """A request that a server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    behave: ClassVar[Behave]
    asked: ClassVar[list[Asked]]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        type(self).asked.append(Asked(self.command, self.path, dict(self.headers), body))
        type(self).behave(self)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        return


class Host:
    """A web server at one address; with a certificate and its key in a file, one that speaks TLS."""

    def __init__(self, address: str, behave: Behave, tls: Path | None = None) -> None:
        self.asked: list[Asked] = []
        handler = type("Handler", (_Handler,), {"behave": staticmethod(behave), "asked": self.asked})
        self._server = ThreadingHTTPServer((address, 0), handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http://{address}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def gives(body: bytes, status: int = 200, **headers: str) -> Behave:
    """The same answer to everybody; ``_`` in the name of a header stands for ``-``."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return behave
