"""Asks the vLLM server behind the engine ``paddleocr-vl-server`` how it is."""

from __future__ import annotations

import asyncio
import os
import time

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.vlm_server_http import AnswerError, ModelServer, RequestRefusedError, ServerTroubleError
from ocr_tasks.errors import EngineUnavailableError
from ocr_tasks.service.answers import VllmHealth, VllmState
from ocr_tasks.settings import server_api_key

_TIMEOUT_S = 5.0
_REMEMBERED_S = 5.0
"""Whoever asks often must not make the service ask the server as often."""


class VllmProbe:
    """Knows the state of the model server that an engine reads with, if it reads with one."""

    def __init__(self, spec: EngineSpec) -> None:
        url = spec.options.get("server_url")
        self._server = ModelServer(str(url), api_key=server_api_key(os.environ)) if url else None
        self._asking = asyncio.Lock()
        self._asked = float("-inf")
        self._health = VllmHealth(status=VllmState.NOT_CONFIGURED)

    async def health(self) -> VllmHealth:
        """The state, at most five seconds old."""
        server = self._server
        if server is None:
            return self._health
        async with self._asking:
            if time.monotonic() - self._asked > _REMEMBERED_S:
                self._health = await asyncio.to_thread(_ask, server)
                self._asked = time.monotonic()
        return self._health


def _ask(server: ModelServer) -> VllmHealth:
    try:
        server.check_health(_TIMEOUT_S)
        return VllmHealth(status=VllmState.READY, models=server.models(_TIMEOUT_S))
    except (ServerTroubleError, RequestRefusedError, AnswerError, EngineUnavailableError) as error:
        return VllmHealth(status=VllmState.UNREACHABLE, reason=str(error))
