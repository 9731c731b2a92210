"""What the pipeline needs to know of the OCR engines: who reads what in which time, and how results are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from pydantic import Field

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.tessdata import find_tessdata, model_digest
from ocr_tasks.errors import BadShardError, EngineUnavailableError
from tenderlake.documents import Value
from tenderlake.runs import FormError, RunOptions
from tenderlake.settings import RunnerChoice, Settings

REFERENCE_PAGE_PIXELS = 2480 * 3508
"""An A4 page at 300 dpi: what ``page_s`` of a profile is measured on."""


class EngineProfile(Value):
    """Expected times of an engine, used for packing shards only: a wrong guess makes shards longer or shorter.

    ``startup_s``: from start to the first page. ``page_s``: a dense A4 page at 300 dpi.
    """

    name: str
    startup_s: float = Field(ge=0)
    page_s: float = Field(gt=0)


_PROFILES = {
    profile.name: profile
    for profile in (
        EngineProfile(name="tesseract", startup_s=1.0, page_s=4.0),
        EngineProfile(name="null", startup_s=0.5, page_s=0.05),
        EngineProfile(name="faulty", startup_s=0.5, page_s=0.05),
    )
}

OFFERED_ENGINES = ("tesseract",)
"""The engines that the trigger form offers; the others are for tests."""


def engine_profile(name: str) -> EngineProfile:
    """The profile of an engine.

    Raises:
        FormError: with the names that people may choose.
    """
    try:
        return _PROFILES[name]
    except KeyError:
        raise FormError(
            f"there is no OCR engine {name!r}: set TENDERLAKE_ENGINE to one of {', '.join(OFFERED_ENGINES)}"
        ) from None


def engine_spec(options: RunOptions, settings: Settings) -> EngineSpec:
    """The engine of a run with its options."""
    return EngineSpec(
        name=engine_profile(options.engine).name, languages=options.languages, options=settings.engine_options
    )


def engine_revision(settings: Settings, engine: EngineSpec) -> str:
    """What names engine version and model in page keys; the exact versions are in every page result.

    The tag of the OCR image: it is built from a lock of its own, so the tag stands for engine, model and ``ocr_tasks``
    together. Where all reading is in child processes the image is not used; then Tesseract's package and the language
    data of the host that plans are named too, as far as it has them.
    """
    if settings.runner is not RunnerChoice.PROCESS or engine.name != "tesseract":
        return settings.ocr_image
    return "+".join([settings.ocr_image, *_installed_tesseract(engine.languages)])


def _installed_tesseract(languages: Sequence[str]) -> Iterator[str]:
    with suppress(PackageNotFoundError):
        yield f"tesserocr-{version('tesserocr')}"  # its wheel holds the Tesseract library
    with suppress(EngineUnavailableError, BadShardError):
        yield f"tessdata-{model_digest(find_tessdata(languages), languages)[:16]}"
