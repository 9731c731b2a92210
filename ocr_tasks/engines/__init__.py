"""The engines by name. An engine is imported when it is asked for: each image installs only what its own needs."""

from __future__ import annotations

from importlib import import_module

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.base import Engine, EngineInfo, Finding, PageReading
from ocr_tasks.errors import EngineUnavailableError

__all__ = ["ENGINES", "Engine", "EngineInfo", "Finding", "PageReading", "create_engine", "engine_class"]

ENGINES = {
    "paddleocr-vl": ("ocr_tasks.engines.paddleocr_vl", "PaddleOcrVlEngine"),
    "tesseract": ("ocr_tasks.engines.tesseract", "TesseractEngine"),
    "paddleocr-vl-server": ("ocr_tasks.engines.paddleocr_vl_server", "PaddleOcrVlServerEngine"),
    "remote": ("ocr_tasks.engines.remote", "RemoteEngine"),
    "null": ("ocr_tasks.engines.null", "NullEngine"),
    "faulty": ("ocr_tasks.engines.faulty", "FaultyEngine"),
}
"""Engine name -> (module, class)."""


def engine_class(name: str) -> type[Engine]:
    """Import an engine's class.

    Raises:
        EngineUnavailableError: There is no engine of that name, or a library it needs is not installed here.
    """
    if name not in ENGINES:
        raise EngineUnavailableError(f"unknown engine {name!r}: this image knows {', '.join(sorted(ENGINES))}")
    module, class_name = ENGINES[name]
    try:
        found: type[Engine] = getattr(import_module(module), class_name)
    except ImportError as error:
        raise EngineUnavailableError(
            f"engine {name!r} cannot be loaded ({error}): install its libraries or run the image that has them"
        ) from error
    return found


def create_engine(spec: EngineSpec) -> Engine:
    """Load an engine, ready to read.

    Raises:
        EngineUnavailableError: Something it needs is missing; the message says what to install.
        BadShardError: One of its options is wrong.
    """
    return engine_class(spec.name)(spec)
