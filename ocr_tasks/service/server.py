"""Runs the service: ``python -m ocr_tasks serve``."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Mapping
from types import FrameType

import uvicorn

from ocr_tasks.contract import ExitCode
from ocr_tasks.engines import engine_class
from ocr_tasks.errors import BadShardError, EngineUnavailableError
from ocr_tasks.reading import PageReader, open_reader
from ocr_tasks.service.app import Service, create_app
from ocr_tasks.service.http import RequestShell
from ocr_tasks.service.settings import ServiceSettings
from ocr_tasks.settings import RunSettings, WorkerUse

log = logging.getLogger(__name__)

_SAVING_S = 2
_CLOSING_S = 1.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Server(uvicorn.Server):
    """Tells the service of a signal when it comes: uvicorn's own notice comes after the last request is answered."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        log.warning("told to stop (%s): pages in work are finished, no other is begun", signal.Signals(sig).name)
        self._service.stopping.set()
        # Threads that still wait for storage or a document's host would hold the process for minutes.
        last_resort = threading.Timer(self._service.settings.stop_s + _SAVING_S + _CLOSING_S, _exit_now)
        last_resort.daemon = True
        last_resort.start()
        super().handle_exit(sig, frame)


def _exit_now() -> None:
    log.warning("stopped before everything was finished")
    os._exit(ExitCode.TEMPORARY)


def serve(environment: Mapping[str, str]) -> ExitCode:
    """Serve until the process is told to stop (SIGTERM, SIGINT).

    Returns:
        ALL_DONE where every request was answered in full, TEMPORARY where documents were given up because of the stop.

    Raises:
        BadShardError: A setting cannot work, or the port cannot be had.
    """
    settings = ServiceSettings.from_environment(environment)
    run_settings = RunSettings.from_environment(environment)
    if run_settings.worker is WorkerUse.AUTO:
        # A service lives for months: no engine may take it down, hold it up or grow in it. And this process has its
        # token and the keys of S3: what is hostile is decoded in others.
        run_settings = dataclasses.replace(run_settings, worker=WorkerUse.ALWAYS)
    _check_options(settings)
    _say_what_is_saved(settings)
    if settings.token is None:
        log.warning("everybody who reaches the port may have documents read: set OCR_SERVICE_TOKEN to change that")

    def load() -> PageReader:
        return open_reader(settings.spec, run_settings)

    app, service = create_app(settings, load)
    listener = _listen(settings)
    config = uvicorn.Config(
        RequestShell(app, settings.max_bytes),
        http="h11",
        loop="asyncio",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=math.ceil(settings.stop_s) + _SAVING_S,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # its steps are no news; requests are logged by RequestShell
    for number in _SIGNALS:
        signal.signal(number, lambda _number, _frame: None)  # uvicorn raises it again when it has ended
    log.info("serving at %s:%d", settings.host, listener.getsockname()[1])
    _Server(config, service).run(sockets=[listener])
    return ExitCode.TEMPORARY if service.has_given_up else ExitCode.ALL_DONE


def _check_options(settings: ServiceSettings) -> None:
    try:
        engine_class(settings.engine).options_type.of(settings.spec)
    except EngineUnavailableError as error:
        log.debug("%s", error)  # loading it will say so, and the state of the engine with it


def _listen(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=128, dualstack_ipv6=both)
    except OSError as error:
        raise BadShardError(
            f"cannot listen at {settings.host}:{settings.port} ({error.strerror}): "
            "set OCR_SERVICE_HOST and OCR_SERVICE_PORT"
        ) from None


def _say_what_is_saved(settings: ServiceSettings) -> None:
    if settings.s3:
        log.info("results are saved in %s and in the bucket %s", settings.output, settings.s3.bucket)
    elif settings.s3_missing:
        log.warning(
            "results are saved in %s only: for S3 %s must be set too", settings.output, ", ".join(settings.s3_missing)
        )
    else:
        log.info("results are saved in %s", settings.output)
