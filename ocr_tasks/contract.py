"""The contract between the pipeline and every OCR image: the shard, the page result, the exit codes.

This is the one module that both sides import. It is versioned: a reader refuses a version it does not know, so that an
old image never misreads a new shard. Python 3.10 compatible; the only dependency is pydantic 2.

Units: lengths and boxes in pixels of the page image as people see it (``_px``), angles in degrees clockwise (``_deg``),
times in seconds (``_s``). Boxes are ``(x0, y0, x1, y1)``, origin at the top left.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

CONTRACT_VERSION = 1
MOST_PIXELS = 10_000_000
"""Of one side of a page; what says more is no page result."""


class ExitCode(IntEnum):
    """How an OCR container ends, and what the pipeline does about it."""

    ALL_DONE = 0
    """Every page has a result with status ``done``."""
    SOME_PAGES_FAILED = 10
    """Every page has a result; some are ``failed`` for good and say why. Not a failure of the shard."""
    BAD_SHARD = 64
    """The shard is no valid shard of this contract version: fail, a retry cannot help."""
    ENGINE_UNAVAILABLE = 69
    """Engine, GPU, model or language data are missing: fail fast, a retry cannot help."""
    TEMPORARY = 75
    """Storage or time trouble: retry; pages that have a result are not done again."""
    OUT_OF_MEMORY = 137
    """Out of memory (or killed): retry with half of the pages that are left."""


class Word(str, Enum):
    """A word of a closed list that people meet in tables: ``NAME = "value", "What it means.", "русский термин"``.

    The meaning is kept with the word, so that what documents the words cannot differ from what writes them. The
    Russian term is empty where people meet no Russian one.
    """

    _value_: str
    meaning: str
    russian: str

    def __new__(cls, value: str, meaning: str = "", russian: str = "") -> Word:
        """Make a member; the defaults are there for type checkers, which take ``Word("value")`` for this call."""
        word = str.__new__(cls, value)
        word._value_, word.meaning, word.russian = value, meaning, russian
        return word

    @property
    def value(self) -> str:
        """The word as tables write it; type checkers know no type of it where there is a ``__new__``."""
        return self._value_

    def __str__(self) -> str:
        """The word itself, in every version of Python."""
        return self._value_


class BlockLabel(Word):
    """What a block of a page is, in the terms every engine's own labels are mapped to."""

    TITLE = "title", "Title of the document."
    HEADING = "heading", "Heading of a section."
    TEXT = "text", "Running text."
    LIST_ITEM = "list_item", "Item of a list."
    TABLE = "table", "Table; its cells are in the table of cells."
    FORMULA = "formula", "Mathematical formula."
    PICTURE = "picture", "Picture, with the text that was read in it."
    CAPTION = "caption", "Caption of a picture or a table."
    HEADER = "header", "Running header of the page; left out of the Markdown."
    FOOTER = "footer", "Running footer of the page; left out of the Markdown."
    PAGE_NUMBER = "page_number", "Number printed on the page; left out of the Markdown."
    FOOTNOTE = "footnote", "Footnote."
    SEAL = "seal", "Seal or stamp."
    OTHER = "other", "Anything else."


class ContentFormat(Word):
    """How the content of a block is written."""

    TEXT = "text", "Plain text."
    HTML = "html", "HTML, for tables."
    LATEX = "latex", "LaTeX, for formulas."


class PageStatus(str, Enum):
    """Whether a page was read."""

    DONE = "done"
    FAILED = "failed"


class ReadingFlag(str, Enum):
    """What is doubtful about the reading of a page: ``quality_flags`` of its result, and of the table of pages."""

    TEXT_ON_BLANK_PAGE = "text_on_blank_page"
    """The page is blank, yet the engine read text: most likely invented."""
    NOTHING_READ = "nothing_read"
    """The page is not blank, yet no text was read: a picture, or print that the engine did not see."""
    REPETITION = "repetition"
    """The same words, lines or table rows again and again: the model ran in circles, what stood there may be lost."""
    TRUNCATED = "truncated"
    """The model stopped at its limit of text: the end of a block is missing."""
    MIXED_SCRIPT = "mixed_script"
    """Words with letters of two alphabets, such as Latin look-alikes in Russian words: they cannot be searched for."""
    TOO_MUCH_TEXT = "too_much_text"
    """More text than fits into its area: most likely invented."""
    UNSURE_NUMBERS = "unsure_numbers"
    """Numbers that the engine itself is not sure of: a digit, a comma or a space between may be wrong."""
    UNSURE_WORDS = "unsure_words"
    """Words that the engine is not sure of and that look like none: designations misread, a stamp over print."""
    MARKS_READ_AS_TEXT = "marks_read_as_text"
    """Lines that are no words at all: a signature, a stamp or a rule that was read as letters."""
    BLOCK_NOT_READ = "block_not_read"
    """One or more blocks of the page could not be read; the reason of the page says which and why."""
    READ_AGAIN = "read_again"
    """The page, or some of its blocks, was read a second time with other settings, because the first was doubtful."""
    ENGINE_DIED = "engine_died"
    """The engine crashed, hung or ran out of memory on this page."""


class Runner(Word):
    """Where the engine ran."""

    DOCKER = "docker", "In a container."
    PROCESS = "process", "In a child process of the worker."


class _Value(BaseModel):
    """An immutable value; unknown fields are an error, so that a typing mistake never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


BBox = tuple[float, float, float, float]
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
QualityFlag = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
"""A name and nothing else: flags stand in comments of the Markdown."""


class Line(_Value):
    """One line of text in a block. ``confidence`` is 0..1, None where the engine gives none."""

    text: str
    bbox_px: BBox
    confidence: Confidence | None = None


class Block(_Value):
    """One block of a page; the order of blocks in a page is the reading order.

    ``content`` is plain text, HTML (tables) or LaTeX (formulas) as ``content_format`` says. ``heading_level`` is 1..6
    for titles and headings, else None. ``confidence`` is the engine's own, 0..1; None where it gives none: never
    invented. ``layout_score`` is that of the layout detector, where there is one.
    """

    label: BlockLabel
    bbox_px: BBox
    content: str
    content_format: ContentFormat = ContentFormat.TEXT
    confidence: Confidence | None = None
    heading_level: Annotated[int, Field(ge=1, le=6)] | None = None
    layout_score: Confidence | None = None
    polygon_px: tuple[tuple[float, float], ...] | None = None
    lines: tuple[Line, ...] = ()


class PageResult(_Value):
    """What was read from one page; also what a page that could not be read ends in.

    ``width_px``, ``height_px``: the image as read, after ``rotation_deg`` (0, 90, 180, 270 clockwise) was applied to
    it. A ``failed`` page has a ``reason`` that a person understands and may have blocks read before the failure.
    ``confidence`` is the mean of the engine's word confidences (weighted by their length), None where it gives none.
    ``image`` is the OCR image's tag for ``runner`` docker.
    """

    contract_version: Literal[1] = 1
    page_key: str
    document_id: str
    page_number: Annotated[int, Field(ge=1)]
    status: PageStatus
    reason: str | None = None
    engine: str
    engine_version: str
    model: str | None = None
    model_digest: str | None = None
    runner: Runner | None = None
    image: str | None = None
    width_px: Annotated[int, Field(ge=0, le=MOST_PIXELS)]
    height_px: Annotated[int, Field(ge=0, le=MOST_PIXELS)]
    rotation_deg: Literal[0, 90, 180, 270] = 0
    confidence: Confidence | None = None
    quality_flags: tuple[QualityFlag, ...] = ()
    blocks: tuple[Block, ...] = ()
    duration_s: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _failed_pages_say_why(self) -> PageResult:
        if self.status is PageStatus.FAILED and not self.reason:
            raise ValueError("a failed page must have a reason")
        return self


class EngineSpec(_Value):
    """Which engine reads the shard, and how. ``languages`` are Tesseract's codes (``rus``, ``eng``) in order."""

    name: str
    languages: tuple[str, ...] = ("rus", "eng")
    options: dict[str, str | int | float | bool] = {}


class PageTask(_Value):
    """One page of a shard.

    ``image_url`` (read) and ``result_url`` (written) are presigned http(s) URLs, or paths of a mounted folder.
    ``dpi`` is that of the image, None where unknown.
    """

    page_key: str
    document_id: str
    page_number: Annotated[int, Field(ge=1)]
    image_url: str
    result_url: str
    dpi: Annotated[int, Field(gt=0)] | None = None


class Shard(_Value):
    """The pages that one container reads with one engine.

    ``page_timeout_s``: a page that takes longer is given up as failed. ``runner`` and ``image`` are facts about where
    the shard runs; they are copied into every page result.
    """

    contract_version: Literal[1] = 1
    shard_id: str
    engine: EngineSpec
    pages: Annotated[tuple[PageTask, ...], Field(min_length=1)]
    page_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    runner: Runner | None = None
    image: str | None = None

    @model_validator(mode="after")
    def _pages_are_unique(self) -> Shard:
        if len({page.page_key for page in self.pages}) != len(self.pages):
            raise ValueError("two pages of the shard have the same page_key")
        return self


class ProgressEvent(str, Enum):
    """What a progress line tells."""

    READY = "ready"
    PAGE = "page"
    WAITING = "waiting"
    FINISHED = "finished"


class Progress(_Value):
    """One line of JSON on standard output: the engine is ready, a page has its result, the shard is finished.

    ``waiting``: a page has no result yet: the engine died on it, and it is blamed when one is read after it; or it
    could not be moved or read now, and is left for a retry.

    ``done`` counts pages with a result so far (read or failed), ``total`` the pages of the shard.
    """

    event: ProgressEvent
    done: int
    total: int
    document_id: str | None = None
    page_number: int | None = None
    status: PageStatus | None = None
    reason: str | None = None
    duration_s: float | None = None
    engine: str | None = None
    engine_version: str | None = None
