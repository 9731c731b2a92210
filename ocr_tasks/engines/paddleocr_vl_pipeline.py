"""The PaddleOCR-VL pipeline, offline: its own code finds the blocks of a page, a ``BlockTexts`` reads them.

The code is PaddleOCR's, unchanged, with four seams. The layout model is called by one thread at a time. The vision
language model is replaced by an adapter, so that it may run in this process or on a server, and its failures stay those
of one block; tables are converted there for the same reason. The pipeline cuts no repetitions out of answers: it would
do so without a word, and columns of equal sums are cut too. And it keeps the pictures and seals that lie in a table.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ocr_tasks.contract import ReadingFlag
from ocr_tasks.engines.base import Engine, EngineInfo, PageReading
from ocr_tasks.engines.blocktexts import TABLE_PROMPT, BlockText, BlockTexts
from ocr_tasks.engines.model_files import LAYOUT_MODEL, ORIENTATION_MODEL
from ocr_tasks.engines.options import EngineOptions
from ocr_tasks.engines.paddle_library import (
    one_line_of,
    prepare_library,
    raise_if_fatal,
    require_device,
    use_dynamic_graph,
)
from ocr_tasks.engines.paddleocr_vl_blocks import page_blocks
from ocr_tasks.engines.paddleocr_vl_crops import MOST_PIXELS, Pixels, is_blank, prepared_crop
from ocr_tasks.engines.paddleocr_vl_native import NativeTexts
from ocr_tasks.engines.paddleocr_vl_tables import converted_table
from ocr_tasks.errors import EngineUnavailableError, PageTimeoutError
from ocr_tasks.images import PageImage
from ocr_tasks.settings import ModelSettings

_NOBODY = "http://127.0.0.1:9/v1"
_SHOWN_REASONS = 2
_HELPED_BY_SIZE = frozenset({ReadingFlag.MIXED_SCRIPT, ReadingFlag.TOO_MUCH_TEXT})
"""Repeated and truncated blocks were already read twice, each on its own."""
_CHANGE = 1.6
_MOST_LIKE_A_STRIP = 10
_MOST_TURNED_SIDE_PX = 32_000
"""OpenCV counts in 16 bits."""


class ModelVersion(str, Enum):
    """Version of the vision language model; 1.6 is the newer, 1.5 is reported to read Russian better."""

    V1_5 = "1.5"
    V1_6 = "1.6"

    @property
    def folder_name(self) -> str:
        """Where the model is in the folder of models."""
        return f"PaddleOCR-VL-{self.value}"

    @property
    def model_name(self) -> str:
        """What PaddleX calls the model."""
        return f"PaddleOCR-VL-{self.value}-0.9B"


class PipelineOptions(EngineOptions):
    """Options of every engine that reads with the PaddleOCR-VL pipeline.

    Attributes:
        version: Version of the model, ``1.5`` or ``1.6``.
        device: Where layout detection, and the model of the native engine, run: ``gpu:0`` … or ``cpu``.
        models_folder: Folder that holds a folder a model; by default that of the image.
        max_new_tokens: Where the model is stopped in each block; 4096 is the pipeline's own value.
        min_pixels: The model sees each block with at least so many pixels; the default is the pipeline's own.
        max_pixels: And with at most so many.
        use_seal_recognition: Whether seals are read; otherwise they are pictures.
        use_chart_recognition: Whether charts are read as tables; otherwise they are pictures.
        use_orientation: Whether pages that are turned are found and read upright; by default where the model for it is
            there.
    """

    version: ModelVersion = ModelVersion.V1_6
    device: Annotated[str, Field(pattern=r"^(cpu|gpu:\d{1,2})$")] = "gpu:0"
    models_folder: str | None = None
    max_new_tokens: Annotated[int, Field(ge=1, le=16384)] = 4096
    min_pixels: Annotated[int, Field(ge=3136, le=2_822_400)] = 112_896
    max_pixels: Annotated[int, Field(ge=3136, le=2_822_400)] = 1_003_520
    use_seal_recognition: bool = False
    use_chart_recognition: bool = False
    use_orientation: bool | None = None

    def page_models(self, settings: ModelSettings) -> tuple[str, ...]:
        """The models that look at whole pages, as folders in the folder of models."""
        return (LAYOUT_MODEL, ORIENTATION_MODEL) if self.turns_pages(settings) else (LAYOUT_MODEL,)

    def all_models(self, settings: ModelSettings) -> tuple[str, ...]:
        """The models that are needed where all run in this process."""
        return (self.version.folder_name, *self.page_models(settings))

    def turns_pages(self, settings: ModelSettings) -> bool:
        """Whether pages are turned upright."""
        if self.use_orientation is None:
            return (self.models_in(settings) / ORIENTATION_MODEL).is_dir()
        return self.use_orientation

    def models_in(self, settings: ModelSettings) -> Path:
        """Folder that holds a folder a model."""
        return Path(self.models_folder) if self.models_folder else settings.models_folder

    @field_validator("version", mode="before")
    @classmethod
    def _number_is_text(cls, value: object) -> object:
        return str(value) if isinstance(value, float) else value  # version: 1.6 in JSON is meant as "1.6"

    @model_validator(mode="after")
    def _pixels_in_order(self) -> PipelineOptions:
        if self.min_pixels > self.max_pixels:
            raise ValueError("min_pixels must not be greater than max_pixels")
        return self


@dataclass
class _PageState:
    """What the adapter learns while the pipeline reads one page."""

    deadline: float
    timeout_s: float
    texts: list[BlockText] = field(default_factory=list)

    def remaining_s(self) -> float:
        """What is left of the page's time.

        Raises:
            PageTimeoutError: Nothing.
        """
        remaining_s = self.deadline - time.monotonic()
        if remaining_s <= 0:
            raise self.timeout()
        return remaining_s

    def timeout(self) -> PageTimeoutError:
        """What is raised when the time is over."""
        return PageTimeoutError(f"not read within {self.timeout_s:g} s")


class PagePipeline:
    """The warm pipeline; ``read`` may be called by several threads where ``texts`` takes that.

    Args:
        options: How to read.
        texts: What reads the blocks; None to load the model into this process, then one thread at a time may read.

    Raises:
        EngineUnavailableError: A model or the device is missing, or a model does not load.
        MemoryError: There is not enough memory for the models.
    """

    def __init__(self, options: PipelineOptions, texts: BlockTexts | None = None) -> None:
        self._options = options
        settings = ModelSettings.from_environment(os.environ)
        models_folder = options.models_in(settings)
        prepare_library(settings.home)
        require_device(options.device)
        self._turns_pages = options.turns_pages(settings)
        with _loading(models_folder):
            self._facade = _load(options, models_folder, is_model_here=texts is None, turns_pages=self._turns_pages)
            inner = self._facade.paddlex_pipeline._pipeline
            inner.layout_det_model = _OneAtATime(inner.layout_det_model)
            if self._turns_pages:
                inner.doc_preprocessor_pipeline = _OneAtATime(inner.doc_preprocessor_pipeline)
            if texts is None:
                texts = NativeTexts(inner.vl_rec_model)
            else:
                inner.vl_rec_model.close()
            self._adapter = inner.vl_rec_model = _TextsAdapter(texts, _open_seams())

    def read(
        self, page: PageImage, timeout_s: float, *, min_pixels: int | None = None, max_pixels: int | None = None
    ) -> PageReading:
        """Read one page.

        Args:
            page: The page.
            timeout_s: How long it may take.
            min_pixels: In place of that of the options.
            max_pixels: In place of that of the options.

        Raises:
            PageTimeoutError: It took longer.
            EngineUnavailableError: The device is gone.
            EngineUnreachableError: The model does not answer now.
            MemoryError: There is not enough memory.
        """
        use_dynamic_graph()
        with _reading(), self._adapter.page(timeout_s) as state:
            # An array, because the pipeline would write a file name into its result, and blue first as it wants it.
            result = self._facade.predict(
                _bgr(page),
                use_queues=False,
                use_doc_orientation_classify=self._turns_pages and _can_be_turned(page),
                min_pixels=min_pixels or self._options.min_pixels,
                max_pixels=max_pixels or self._options.max_pixels,
                max_new_tokens=self._options.max_new_tokens,
            )[0]
        flags = {flag for text in state.texts for flag in text.flags}
        failures = [text.failure for text in state.texts if text.failure is not None]
        if failures:
            flags.add(ReadingFlag.BLOCK_NOT_READ)
        return PageReading(
            blocks=page_blocks(result, width_px=result["width"], height_px=result["height"]),
            width_px=result["width"],
            height_px=result["height"],
            rotation_deg=_rotation_deg(result),
            quality_flags=tuple(sorted(flag.value for flag in flags)),
            unread_reason=_unread_reason(failures, len(state.texts)) if failures else None,
        )

    def read_again(self, page: PageImage, timeout_s: float, doubts: frozenset[ReadingFlag]) -> PageReading | None:
        """Read the page once more with blocks shown larger, None where that cannot help; errors as in ``read``."""
        if not doubts & _HELPED_BY_SIZE:
            return None
        return self.read(
            page,
            timeout_s,
            min_pixels=round(self._options.min_pixels * _CHANGE),
            max_pixels=max(round(min(self._options.max_pixels * _CHANGE, MOST_PIXELS)), self._options.max_pixels),
        )

    def close(self) -> None:
        """Close what reads the blocks, and give the models back."""
        self._facade.close()


class PipelineEngine(Engine):
    """What the engines that read with a ``PagePipeline`` share: their constructor sets what the two attributes hold."""

    needs_worker: ClassVar[bool] = True

    _info: EngineInfo
    _pipeline: PagePipeline

    @property
    def info(self) -> EngineInfo:
        """Name, versions of the libraries and models; a digest where the files of all models are here."""
        return self._info

    def read(self, page: PageImage, timeout_s: float) -> PageReading:
        """Read one page; a block that could not be read makes it a failed one that keeps the others."""
        return self._pipeline.read(page, timeout_s)

    def read_again(self, page: PageImage, timeout_s: float, doubts: frozenset[ReadingFlag]) -> PageReading | None:
        """Read the page once more with blocks shown larger, where that may help."""
        return self._pipeline.read_again(page, timeout_s, doubts)

    def close(self) -> None:
        """Close what reads the blocks, and give the models back."""
        self._pipeline.close()


class _OneAtATime:
    """The layout model under a lock; its lazy results are made inside it, because making them is the work."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lock = threading.Lock()

    def __call__(self, *arguments: object, **options: object) -> list[Any]:
        with self._lock:
            return list(self._model(*arguments, **options))


class _TextsAdapter:
    """Stands in for the pipeline's vision language model: the pipeline calls ``predict`` and ``close``."""

    def __init__(self, texts: BlockTexts, convert: Callable[[str], str]) -> None:
        self._texts = texts
        self._convert = convert
        self._local = threading.local()

    @contextmanager
    def page(self, timeout_s: float) -> Iterator[_PageState]:
        """Collect what is learnt about the page that this thread reads inside."""
        state = _PageState(deadline=time.monotonic() + timeout_s, timeout_s=timeout_s)
        self._local.state = state
        try:
            yield state
        finally:
            del self._local.state

    def predict(
        self,
        items: Sequence[dict[str, Any]],
        *,
        min_pixels: int,
        max_pixels: int,
        max_new_tokens: int,
        **_sampling: object,
    ) -> list[dict[str, Any]]:
        """Answer as the pipeline expects it: a dictionary an item, in order, with the text as ``result``."""
        state: _PageState = self._local.state
        crops = [prepared_crop(item["image"], item["query"], min_pixels, max_pixels) for item in items]
        asked = [crop for crop in crops if crop is not None]
        answers: list[BlockText] = []
        if asked:
            try:
                answers = self._texts.read(asked, max_new_tokens=max_new_tokens, timeout_s=state.remaining_s())
            except PageTimeoutError:
                raise state.timeout() from None  # they know what was left of the page's time, people what it was
            answers = [
                converted_table(answer, self._convert) if crop.prompt == TABLE_PROMPT else answer
                for crop, answer in zip(asked, answers, strict=True)
            ]
            state.texts.extend(answers)
        following = iter(answers)
        return [{"result": next(following).text if crop is not None else ""} for crop in crops]

    def close(self) -> None:
        """Close the texts."""
        self._texts.close()


@contextmanager
def _loading(models_folder: Path) -> Iterator[None]:
    """Say what an error of the library means for who starts it."""
    try:
        yield
    except Exception as error:
        raise_if_fatal(error)
        raise EngineUnavailableError(
            f"the models in {models_folder} do not load ({one_line_of(error)}): run python -m ocr_tasks doctor"
        ) from error


@contextmanager
def _reading() -> Iterator[None]:
    """Raise what is about more than one page as what it is."""
    try:
        yield
    except Exception as error:
        raise_if_fatal(error)
        raise


def _load(options: PipelineOptions, models_folder: Path, *, is_model_here: bool, turns_pages: bool) -> Any:
    from paddleocr import PaddleOCRVL

    model: dict[str, object] = {"vl_rec_model_dir": str(models_folder / options.version.folder_name)}
    if not is_model_here:
        # A client in place of 2 GB of weights; it asks nobody before its first page, and is replaced before that.
        model = {"vl_rec_backend": "vllm-server", "vl_rec_server_url": _NOBODY}
    if turns_pages:
        model["doc_orientation_classify_model_dir"] = str(models_folder / ORIENTATION_MODEL)
    return PaddleOCRVL(
        pipeline_version=f"v{options.version.value}",
        layout_detection_model_dir=str(models_folder / LAYOUT_MODEL),
        device=options.device,
        use_queues=False,  # they hide what failed, hold pages in memory and wait 0.25 s a page
        use_doc_orientation_classify=turns_pages,
        use_doc_unwarping=False,
        use_seal_recognition=options.use_seal_recognition,
        use_chart_recognition=options.use_chart_recognition,
        **model,
    )


def _open_seams() -> Callable[[str], str]:
    """Replace what the pipeline's module calls and must not do; returns its conversion of tables.

    The guards judge repetitions, and what they doubt is flagged and kept. Of what lies in a table the pipeline would
    keep nothing but, where the model reads the mark painted over it, its text in a cell.
    """
    from paddlex.inference.pipelines.paddleocr_vl import pipeline, uilts

    pipeline.truncate_repetitive_content = lambda content, **_limits: content

    def marked(table: Pixels, box: object, figures: object) -> tuple[Pixels, dict[str, str], list[str]]:
        if is_blank(table):
            return table, {}, []  # with marks on it, it would not be blank any more
        return (*uilts.tokenize_figure_of_table(table, box, figures)[:2], [])

    pipeline.tokenize_figure_of_table = marked
    convert: Callable[[str], str] = uilts.convert_otsl_to_html
    return convert


def _can_be_turned(page: PageImage) -> bool:
    """Whether the model may see a page: it is enlarged until its short side has 256 pixels, and turned with OpenCV."""
    short, long = sorted((page.width_px, page.height_px))
    return long <= _MOST_LIKE_A_STRIP * short and long <= _MOST_TURNED_SIDE_PX


def _rotation_deg(result: Mapping[str, Any]) -> Literal[0, 90, 180, 270]:
    """How far the pipeline turned the page, clockwise. Its angle is how far the page was turned before, clockwise.

    PaddleX turns it back counterclockwise by that angle (PaddleX 3.6.1 inference/pipelines/components/common/
    warp_image.py, ``rotate_image``).
    """
    preprocessed = result.get("doc_preprocessor_res") or {}
    turns: dict[int, Literal[0, 90, 180, 270]] = {90: 270, 180: 180, 270: 90}
    return turns.get(preprocessed.get("angle", 0), 0)


def _bgr(page: PageImage) -> Pixels:
    rgb = np.asarray(page.image.convert("RGB"))
    bgr = np.empty_like(rgb)
    for number in range(3):  # five times as fast as turning all pixels round
        bgr[:, :, number] = rgb[:, :, 2 - number]
    return bgr


def _unread_reason(failures: Sequence[str], count: int) -> str:
    reasons = list(dict.fromkeys(failures))
    more = f"; and {len(reasons) - _SHOWN_REASONS} more reasons" if len(reasons) > _SHOWN_REASONS else ""
    return f"{len(failures)} of {count} blocks could not be read: {'; '.join(reasons[:_SHOWN_REASONS])}{more}"
