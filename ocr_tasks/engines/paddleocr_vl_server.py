"""PaddleOCR-VL with its language model on a server: layout is found here, text is read there, many pages at a time."""

from __future__ import annotations

import os
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.base import EngineInfo, Finding
from ocr_tasks.engines.model_files import read_manifest, require_models
from ocr_tasks.engines.paddle_library import library_version
from ocr_tasks.engines.paddleocr_vl_doctor import cheap_findings
from ocr_tasks.engines.paddleocr_vl_pipeline import PagePipeline, PipelineEngine, PipelineOptions
from ocr_tasks.engines.vlm_server import VlmServer
from ocr_tasks.engines.vlm_server_http import ModelServer
from ocr_tasks.engines.vlm_server_probe import await_model, largest_question, require_answer, server_findings
from ocr_tasks.engines.vlm_server_request import Question
from ocr_tasks.errors import TaskError
from ocr_tasks.settings import SERVER_API_KEY_VARIABLE, ModelSettings, server_api_key

_Seconds = Annotated[float, Field(gt=0, le=3600)]


class ServerOptions(PipelineOptions):
    """Options of the engine, besides those of the pipeline. The server's key is no option: ``OCR_SERVER_API_KEY``.

    Attributes:
        server_url: Where the model server is, such as ``http://vllm:8080/v1``.
        model: The name of the model on the server; by default PaddleX's own, such as ``PaddleOCR-VL-1.6-0.9B``.
        concurrency: Pages read at the same time.
        requests: Requests in flight over all of them. vLLM takes its batches from these; more of them cost memory here
            and time-outs there.
        request_timeout_s: After so long without an answer a block is asked for again.
        start_timeout_s: How long a server that loads its model is waited for, at the start and where it broke down.
    """

    server_url: str
    model: Annotated[str, Field(min_length=1)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=256)] = 24
    requests: Annotated[int, Field(ge=1, le=1024)] = 64
    request_timeout_s: _Seconds = 180.0
    start_timeout_s: _Seconds = 300.0

    @property
    def served_model(self) -> str:
        """The name of the model on the server."""
        return self.model or self.version.model_name

    def largest_question(self) -> Question:
        """As much as the server will be asked for at once."""
        return largest_question(self.max_new_tokens, self.max_pixels)

    @field_validator("server_url")
    @classmethod
    def _is_address_of_a_server(cls, value: str) -> str:
        address = value.rstrip("/")
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.endswith("/v1"):
            raise ValueError("give the address of the server with /v1 at its end, such as http://vllm:8080/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("give it without user, password and query; a key goes into OCR_SERVER_API_KEY")
        return address


class PaddleOcrVlServerEngine(PipelineEngine):
    """Finds the blocks of pages one page after the other, and has the server read the blocks of many at once."""

    options_type = ServerOptions
    secret_variables = (SERVER_API_KEY_VARIABLE,)
    fits_beside_itself: ClassVar[bool] = True

    def __init__(self, spec: EngineSpec) -> None:
        self._options = options = ServerOptions.of(spec)
        settings = ModelSettings.from_environment(os.environ)
        # All that can be wrong is looked at before the layout model is loaded: that takes half a minute.
        models = options.page_models(settings)
        require_models(options.models_in(settings), models, read_manifest(settings.manifest))
        version = library_version()
        server = _server(options)
        await_model(server, options.served_model, options.start_timeout_s)
        require_answer(server, options.served_model, options.largest_question())
        self._info = EngineInfo(name=spec.name, version=version, model="+".join((options.served_model, *models)))
        texts = VlmServer(
            server,
            options.served_model,
            requests=options.requests,
            request_timeout_s=options.request_timeout_s,
            return_timeout_s=options.start_timeout_s,
        )
        self._pipeline = PagePipeline(options, texts)

    @classmethod
    def start_wait_s(cls, spec: EngineSpec) -> float:
        """As long as the server is waited for."""
        return ServerOptions.of(spec).start_timeout_s

    @property
    def concurrency(self) -> int:
        """That of the options."""
        return self._options.concurrency

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Check libraries, device, layout model and server; where all are sound, load the engine."""
        options = ServerOptions.of(spec)
        findings = cheap_findings(options, _models(options))
        findings += server_findings(_server(options), options.served_model, options.largest_question())
        if all(finding.is_ok for finding in findings):
            findings.append(cls._loading_finding(spec))
        return findings

    @classmethod
    def diagnose_quickly(cls, spec: EngineSpec) -> list[Finding]:
        """The same without loading or reading anything."""
        options = ServerOptions.of(spec)
        return cls.diagnose_container(spec) + server_findings(_server(options), options.served_model, None)

    @classmethod
    def diagnose_container(cls, spec: EngineSpec) -> list[Finding]:
        """Check libraries, device and layout model; the server has a health check of its own."""
        options = ServerOptions.of(spec)
        return cheap_findings(options, _models(options))

    @classmethod
    def _loading_finding(cls, spec: EngineSpec) -> Finding:
        try:
            engine = cls(spec)
        except TaskError as error:
            return Finding(is_ok=False, text=str(error))
        engine.close()
        return Finding(is_ok=True, text=f"{' and '.join(_models(engine._options))} loaded")


def _models(options: ServerOptions) -> tuple[str, ...]:
    return options.page_models(ModelSettings.from_environment(os.environ))


def _server(options: ServerOptions) -> ModelServer:
    return ModelServer(options.server_url, api_key=server_api_key(os.environ), connections=options.requests)
