"""A stand-in for a vLLM server that serves PaddleOCR-VL: real HTTP, real JSON, no model.

The real one needs a GPU and 2 GB of weights, and fails only by chance. This one speaks the part of its protocol that is
used (``/health``, ``/v1/models``, ``/v1/chat/completions``), answers in the model's own notations, and fails as a test
tells it to.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, ClassVar, Literal

from PIL import Image

MODEL = "PaddleOCR-VL-1.6-0.9B"

ANSWERS = {
    "OCR:": "Поставщик обязуется поставить товар.",
    "Table Recognition:": "<fcel>Наименование<fcel>Цена<nl><fcel>Стол<fcel>100<nl>",
    "Formula Recognition:": "\\[ x^2 \\]",
    "Chart Recognition:": "год|сумма\n2026|1",
    "Seal Recognition:": "ООО «Поставщик»",
}


@dataclass(frozen=True)
class Asked:
    """A chat completion that somebody asked for."""

    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return str(self.body["messages"][0]["content"][1]["text"])

    @property
    def picture(self) -> Image.Image:
        address = self.body["messages"][0]["content"][0]["image_url"]["url"]
        return Image.open(BytesIO(base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))))


def is_probe(asked: Asked) -> bool:
    """Whether a white picture is shown, to find out whether and how the server answers."""
    return asked.picture.convert("L").getextrema() == (255, 255)


@dataclass(frozen=True)
class Reply:
    """What the server answers: a text as vLLM wraps it, or any status and body; an empty answer hangs up."""

    text: str | None = None
    finish_reason: str = "stop"
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    drips_every_s: float | None = None
    """One byte at a time."""

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        choice = {
            "index": 0,
            "finish_reason": self.finish_reason,
            "message": {"role": "assistant", "content": self.text},
        }
        return json.dumps({"id": "1", "object": "chat.completion", "model": MODEL, "choices": [choice]}).encode()


def error(status: int, message: str) -> Reply:
    """An error as vLLM words it."""
    return Reply(status=status, raw=json.dumps({"error": {"message": message, "code": status}}).encode())


def by_prompt(asked: Asked) -> Reply:
    """What a sound model would say."""
    return Reply(ANSWERS[asked.prompt])


class StandIn:
    """One server on a port of its own; as a context, it is stopped at the end.

    Attributes:
        reply: Answers a chat completion; may block. A test sets it.
        models: What it serves.
        is_healthy: Whether ``/health`` says 200 or 503.
        slots: Chat completions at a time; more wait. None without a limit.
        delay_s: How long each takes.
        api_key: Demanded where it is set.
        asked: Every chat completion asked for, in order; only where ``is_recording``.
        count: How many there were.
        peak: The most of them at the same time, those that wait included.
    """

    def __init__(self, *, slots: int | None = None, delay_s: float = 0.0, is_recording: bool = True) -> None:
        self.reply: Callable[[Asked], Reply] = by_prompt
        self.models: Reply | tuple[str, ...] = (MODEL,)
        self.is_healthy = True
        self.slots = threading.BoundedSemaphore(slots) if slots else None
        self.delay_s = delay_s
        self.is_recording = is_recording
        self.api_key: str | None = None
        self.asked: list[Asked] = []
        self.headers: list[dict[str, str]] = []
        self.count = self.peak = self._current = 0
        self._lock = threading.Lock()
        self._http: _Http | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Listen, on the same port every time."""
        self._http = _Http(("127.0.0.1", self._port), type("Handler", (_Handler,), {"stand_in": self}))
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Die: nothing listens any more, and what was asked stays without an answer."""
        http, self._http = self._http, None
        if http:
            http.shutdown()
            http.server_close()
            http.hang_up()

    def __enter__(self) -> StandIn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.count += 1
            self._current += 1
            self.peak = max(self.peak, self._current)
            if self.is_recording:
                self.asked.append(asked)
        try:
            if self.slots:
                with self.slots:
                    time.sleep(self.delay_s)
                    return self.reply(asked)
            time.sleep(self.delay_s)
            return self.reply(asked)
        finally:
            with self._lock:
                self._current -= 1


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stand_in: ClassVar[StandIn]

    def do_GET(self) -> None:
        stand_in = self.stand_in
        if self.path == "/health":
            self._send(Reply(status=200 if stand_in.is_healthy else 503, raw=b""))
        elif self.path != "/v1/models":
            self._send(error(404, "Not Found"))
        elif refusal := self._refusal():
            self._send(refusal)
        elif isinstance(stand_in.models, Reply):
            self._send(stand_in.models)
        else:
            served = [{"id": name, "object": "model"} for name in stand_in.models]
            self._send(Reply(raw=json.dumps({"object": "list", "data": served}).encode()))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.stand_in.headers.append(dict(self.headers))
        if self.path != "/v1/chat/completions":
            self._send(error(404, "Not Found"))
        elif refusal := self._refusal():
            self._send(refusal)
        else:
            self._send(self.stand_in.answer(Asked(json.loads(body))))

    def _refusal(self) -> Reply | Literal[False]:
        key = self.stand_in.api_key
        is_right = key is None or self.headers["Authorization"] == f"Bearer {key}"
        return False if is_right else error(401, "Unauthorized")

    def _send(self, reply: Reply) -> None:
        if reply.hangs_up:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.drips_every_s is None:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            time.sleep(reply.drips_every_s)

    def log_message(self, *_: object) -> None:
        """Tests speak for themselves."""
