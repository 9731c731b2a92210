"""What the pipeline needs to know of the OCR engines: who reads what in which time, and how results are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from pydantic import Field

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.tessdata import find_tessdata, model_digest
from ocr_tasks.errors import BadShardError, EngineUnavailableError
from ocr_tasks.settings import REMOTE_TOKEN_VARIABLE, SERVER_API_KEY_VARIABLE, WORKER_GRACE_S
from tenderlake.documents import Value
from tenderlake.runs import FormError, RunOptions
from tenderlake.settings import RunnerChoice, Settings, variable

REFERENCE_PAGE_PIXELS = 2480 * 3508
"""An A4 page at 300 dpi: what ``page_s`` of a profile is measured on."""


class EngineLimits(Value):
    """What one container or process of an engine may take, where the settings say nothing; sizes in bytes."""

    memory_bytes: int = 4 * 2**30
    tmp_bytes: int = 2**30
    shm_bytes: int = 256 * 2**20
    pids: int = 256


_PADDLE_LIMITS = EngineLimits(memory_bytes=16 * 2**30, tmp_bytes=2 * 2**30, shm_bytes=2**30, pids=1024)
"""The model takes 4 GB on a CPU, twice that while it loads, and Paddle starts threads by the dozen."""


class EngineProfile(Value):
    """What the pipeline assumes of an engine.

    ``startup_s``: from start to the first page. ``page_s``: a dense A4 page at 300 dpi. Both are used for packing
    shards only: a wrong guess makes shards longer or shorter. ``queue_s``: how long a page may wait for its turn at a
    server where the option ``queue_timeout_s`` says nothing else, besides its own time. ``is_paddle``: it runs in the
    PaddleOCR-VL image and has the option ``device``. ``delivery_options``: those that say where and how fast it reads,
    and not what comes out.
    """

    name: str
    startup_s: float = Field(ge=0)
    page_s: float = Field(gt=0)
    queue_s: float = Field(default=0.0, ge=0)
    is_paddle: bool = False
    limits: EngineLimits = EngineLimits()
    delivery_options: frozenset[str] = frozenset()


_PROFILES = {
    profile.name: profile
    for profile in (
        EngineProfile(name="tesseract", startup_s=1.0, page_s=4.0),
        # People report 20 to 38 s a page on an RTX 4060 Ti (PaddleOCR issue 18164); for larger cards 15 s is a guess.
        EngineProfile(name="paddleocr-vl", startup_s=38.0, page_s=15.0, is_paddle=True, limits=_PADDLE_LIMITS),
        # People report 2 s for a complex page (PaddleOCR issue 16748); 1 s with several pages at a time is a guess, as
        # is the start, which loads the layout model alone.
        EngineProfile(
            name="paddleocr-vl-server",
            startup_s=20.0,
            page_s=1.0,
            is_paddle=True,
            limits=_PADDLE_LIMITS,
            delivery_options=frozenset(
                {"server_url", "concurrency", "requests", "request_timeout_s", "start_timeout_s"}
            ),
        ),
        # Guessed: a service with the native engine, which is warm. Its address stays in the keys: another service may
        # read with another model.
        EngineProfile(
            name="remote",
            startup_s=1.0,
            page_s=15.0,
            queue_s=600.0,
            delivery_options=frozenset({"concurrency", "start_timeout_s", "queue_timeout_s"}),
        ),
        EngineProfile(name="null", startup_s=0.5, page_s=0.05),
        EngineProfile(name="faulty", startup_s=0.5, page_s=0.05),
    )
}

OFFERED_ENGINES = ("tesseract", "paddleocr-vl", "paddleocr-vl-server", "remote")
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
    """The engine of a run with its options.

    Those of ``TENDERLAKE_ENGINE_OPTIONS`` are for ``TENDERLAKE_ENGINE``: an engine refuses options it does not know, so
    another one that the form chooses has its own, in ``TENDERLAKE_FORM_ENGINE_OPTIONS``, or none.
    """
    name = engine_profile(options.engine).name
    is_default = name == settings.engine
    engine_options = settings.engine_options if is_default else settings.form_engine_options.get(name, {})
    return EngineSpec(name=name, languages=options.languages, options=engine_options)


def identifying_spec(engine: EngineSpec) -> EngineSpec:
    """The engine without what does not decide what is read, for page keys: a server that moves makes no page new."""
    delivery = _PROFILES[engine.name].delivery_options
    return engine.model_copy(
        update={"options": {name: value for name, value in engine.options.items() if name not in delivery}}
    )


class EngineRuntime(Value):
    """What a container or process of an engine gets on this host; sizes in bytes.

    ``silence_s``: when it has finished no page for so long, it never will.
    """

    image: str
    gpu_device_ids: tuple[str, ...]
    limits: EngineLimits
    silence_s: float


def engine_image(settings: Settings, name: str) -> str:
    """The image that an engine runs in; one that is unknown here runs where it is refused, in that of Tesseract."""
    profile = _PROFILES.get(name)
    return settings.paddleocr_image if profile and profile.is_paddle else settings.ocr_image


def image_variable(name: str) -> str:
    """The setting that names the image of an engine."""
    profile = _PROFILES.get(name)
    return variable("paddleocr_image" if profile and profile.is_paddle else "ocr_image")


def engine_runtime(settings: Settings, engine: EngineSpec) -> EngineRuntime:
    """Image, GPUs and limits of an engine: those of the settings, else its own."""
    profile = _PROFILES.get(engine.name)
    limits = profile.limits if profile else EngineLimits()
    given = {
        "memory_bytes": settings.ocr_memory_bytes,
        "tmp_bytes": settings.ocr_tmp_bytes,
        "shm_bytes": settings.ocr_shm_bytes,
        "pids": settings.ocr_pids,
    }
    gpus = settings.gpu_device_ids
    if gpus is None:
        gpus = ("0",) if profile and profile.is_paddle and engine.options.get("device") != "cpu" else ()
    return EngineRuntime(
        image=engine_image(settings, engine.name),
        gpu_device_ids=gpus,
        limits=limits.model_copy(update={name: value for name, value in given.items() if value is not None}),
        silence_s=_silence_s(settings, profile, engine),
    )


def _silence_s(settings: Settings, profile: EngineProfile | None, engine: EngineSpec) -> float:
    """The longest time between two pages.

    A worker process that hangs or dies late on a page is replaced, and the page read once more in the new one; before
    that it may have had to be loaded for the page.
    """
    page_s, start_s = settings.page_timeout_s, settings.ocr_start_timeout_s
    if profile and profile.is_paddle:
        return 2 * (page_s + WORKER_GRACE_S + start_s)
    queue_s = profile.queue_s if profile else 0.0
    if queue_s and "queue_timeout_s" in engine.options:
        with suppress(ValueError):  # the engine will refuse it
            queue_s = float(engine.options["queue_timeout_s"])
    return page_s + start_s + queue_s


def engine_environment(settings: Settings, name: str) -> dict[str, str]:
    """Variables for the container or process of an engine; they hold the secret of that engine, never to be logged."""
    secrets = {
        "paddleocr-vl-server": (SERVER_API_KEY_VARIABLE, settings.ocr_server_api_key),
        "remote": (REMOTE_TOKEN_VARIABLE, settings.ocr_remote_token),
    }
    environment = settings.ocr_environment
    if name in secrets:
        name_inside, secret = secrets[name]
        if secret is not None:
            environment[name_inside] = secret.get_secret_value()
    return environment


def engine_revision(settings: Settings, engine: EngineSpec) -> str:
    """What names engine version and model in page keys; the exact versions are in every page result.

    The tag of the OCR image: it is built from a lock of its own, so the tag stands for engine, model and ``ocr_tasks``
    together. Where all reading is in child processes the image is not used; then Tesseract's package and the language
    data of the host that plans are named too, as far as it has them.
    """
    image = engine_image(settings, engine.name)
    if settings.runner is not RunnerChoice.PROCESS or engine.name != "tesseract":
        return image
    return "+".join([image, *_installed_tesseract(engine.languages)])


def _installed_tesseract(languages: Sequence[str]) -> Iterator[str]:
    with suppress(PackageNotFoundError):
        yield f"tesserocr-{version('tesserocr')}"  # its wheel holds the Tesseract library
    with suppress(EngineUnavailableError, BadShardError):
        yield f"tessdata-{model_digest(find_tessdata(languages), languages)[:16]}"
