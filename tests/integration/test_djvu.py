"""Given a DjVu document, its pages become page images as sharp as they are, and its hidden text is kept for need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from ocr_tasks.contract import PageResult
from tenderlake.documents import (
    NATIVE_PAGES_NAME,
    DocumentManifest,
    PageKind,
    PrepareLimits,
    PrepareOptions,
    Rejection,
    TextLayerMode,
)
from tenderlake.pageflags import PageFlag
from tenderlake.sandbox import PrepareSandbox
from tenderlake.states import SourceState
from tests.djvufiles import djvu_document, djvu_page, djvulibre_or_missing
from tests.pdfs import RUSSIAN, ink_box, photograph, printed, square

pytestmark = pytest.mark.integration

LIMITS = PrepareLimits(timeout_s=60)
SIZE_PT = (297.0, 421.0)


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[PrepareSandbox]:
    djvulibre_or_missing()
    with PrepareSandbox(LIMITS) as opened:
        yield opened


def two_level(dpi: int = 300) -> Image.Image:
    return printed(dpi=dpi, size_pt=SIZE_PT, mode="1")


def manifest_of(sandbox: PrepareSandbox, path: Path, options: PrepareOptions | None = None) -> DocumentManifest:
    """The document as prepared, in the folder ``out`` beside it."""
    outcome = sandbox.prepare(path, path.parent / "out", "d0c", options or PrepareOptions())
    assert isinstance(outcome, DocumentManifest), outcome
    return outcome


def hidden_pages(folder: Path) -> list[PageResult]:
    lines = (folder / "out" / NATIVE_PAGES_NAME).read_text(encoding="utf-8").splitlines()
    return [PageResult.model_validate_json(line) for line in lines]


def hidden_text(image: Image.Image) -> str:
    """Two paragraphs: the first has two lines, the second one; places count from the lower left corner."""
    height = image.height
    words = " ".join(f'(word {100 + 200 * n} {height - 150} {290 + 200 * n} {height - 100} "{word}")'
                     for n, word in enumerate(RUSSIAN[0].split()[:4]))  # fmt: skip
    return (
        f"(page 0 0 {image.width} {height} (column 100 {height - 400} 900 {height - 100}"
        f" (para 100 {height - 220} 900 {height - 100} (line 100 {height - 150} 900 {height - 100} {words})"
        f' (line 100 {height - 220} 900 {height - 170} "{RUSSIAN[1]}"))'
        f' (para 100 {height - 400} 900 {height - 350} (line 100 {height - 400} 900 {height - 350} "{RUSSIAN[2]}"))))'
    )


def test_pages_come_out_as_they_are(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    black, grey = two_level(), photograph((900, 700)).convert("L").convert("RGB")
    mark = square((600, 400), (0, 0, 150, 100), "1")
    path = djvu_document(
        [
            djvu_page(tmp_path, "black", black),
            djvu_page(tmp_path, "grey", grey, dpi=150),
            djvu_page(tmp_path, "turned", mark, turns=1),
        ],
        tmp_path / "book.djvu",
    )
    manifest = manifest_of(sandbox, path)

    assert manifest.media_type == "image/vnd.djvu"
    assert [(page.kind, page.width_px, page.height_px, page.dpi) for page in manifest.pages] == [
        (PageKind.IMAGE, *black.size, 300),
        (PageKind.IMAGE, *grey.size, 150),
        (PageKind.IMAGE, 400, 600, 300),
    ]
    images = [Image.open(tmp_path / "out" / str(page.image_name)) for page in manifest.pages]
    assert [(image.format, image.mode) for image in images] == [("PNG", "1"), ("JPEG", "L"), ("PNG", "1")]
    assert ImageChops.logical_xor(images[0], black).getbbox() is None, "a two-level page has lost something"
    assert ink_box(images[2]) == pytest.approx((0, 0.75, 0.25, 1), abs=0.01), "turned to the left, the mark is below"
    assert not any(page.has_earlier_ocr for page in manifest.pages)


def test_hidden_text_is_kept_as_an_earlier_ocr(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    image = two_level()
    manifest = manifest_of(sandbox, djvu_page(tmp_path, "text", image, text=hidden_text(image)))

    (page,) = manifest.pages
    assert page.kind is PageKind.IMAGE
    assert page.has_earlier_ocr
    assert page.quality_flags == (PageFlag.HIDDEN_TEXT_LAYER,)
    (kept,) = hidden_pages(tmp_path)
    assert PageFlag.EARLIER_OCR_TAKEN in kept.quality_flags
    first, second = kept.blocks
    assert first.content.split() == [*RUSSIAN[0].split()[:4], *RUSSIAN[1].split()]
    assert second.content == RUSSIAN[2]
    assert first.bbox_px == pytest.approx((100, 100, 900, 220), abs=1)
    assert second.bbox_px == pytest.approx((100, 350, 900, 400), abs=1)


def test_hidden_text_that_is_no_language_is_only_mentioned(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    garbled = " ".join(line.encode("cp1251").decode("latin-1") for line in RUSSIAN[:4])
    image = two_level()
    text = f'(page 0 0 {image.width} {image.height} (line 0 0 900 50 "{garbled}"))'
    (page,) = manifest_of(sandbox, djvu_page(tmp_path, "garbled", image, text=text)).pages
    assert not page.has_earlier_ocr
    assert page.quality_flags == (PageFlag.HIDDEN_TEXT_LAYER,)
    assert hidden_pages(tmp_path) == []


def test_where_only_text_layers_are_read_the_hidden_text_is_taken(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    image = two_level()
    path = djvu_page(tmp_path, "text", image, text=hidden_text(image))
    (page,) = manifest_of(sandbox, path, PrepareOptions(text_layer=TextLayerMode.ONLY)).pages
    assert (page.kind, page.image_name) == (PageKind.NATIVE, None)
    assert PageFlag.PICTURES_NOT_READ in page.quality_flags
    (taken,) = hidden_pages(tmp_path)
    assert RUSSIAN[2] in taken.blocks[1].content


def test_a_page_finer_than_asked_is_drawn_at_the_resolution_asked(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    fine = printed(dpi=600, mode="1")
    (page,) = manifest_of(sandbox, djvu_page(tmp_path, "fine", fine, dpi=600), PrepareOptions(dpi=200)).pages
    assert (page.width_px, page.dpi) == (pytest.approx(fine.width / 3, abs=2), 200)


def test_a_page_of_too_many_pixels_is_drawn_smaller(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"max_page_pixels": 500_000})
    path = djvu_page(tmp_path, "large", two_level())
    outcome = sandbox.prepare(path, tmp_path / "out", "d0c", PrepareOptions(), limits)
    assert isinstance(outcome, DocumentManifest)
    (page,) = outcome.pages
    assert 400_000 < page.width_px * page.height_px <= 500_000
    assert PageFlag.DOWNSCALED in page.quality_flags


def test_too_many_pages_are_too_large(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    page = djvu_page(tmp_path, "one", square((200, 200), (0, 0, 50, 50), "1"))
    other = djvu_page(tmp_path, "two", square((200, 200), (0, 0, 90, 50), "1"))
    path = djvu_document([page, other], tmp_path / "book.djvu")
    outcome = sandbox.prepare(
        path, tmp_path / "out", "d0c", PrepareOptions(), LIMITS.model_copy(update={"max_pages": 1})
    )
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_TOO_LARGE
    assert outcome.reason == "it has 2 pages, more than TENDERLAKE_MAX_PAGES (1)"


def test_a_page_that_is_cut_off_does_not_lose_the_others(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    first = djvu_page(tmp_path, "first", two_level())
    second = djvu_page(tmp_path, "second", photograph((900, 700)))
    path = djvu_document([first, second], tmp_path / "book.djvu")
    path.write_bytes(path.read_bytes()[: first.stat().st_size + 1000])
    whole, lost = manifest_of(sandbox, path).pages
    assert whole.image_name is not None
    assert PageFlag.REPAIRED_FILE in whole.quality_flags
    assert lost.image_name is None
    assert lost.quality_flags == (PageFlag.RENDER_FAILED,)
    assert lost.reason == "the page cannot be drawn: Unexpected End Of File."


def test_a_file_that_is_damaged_from_its_beginning_is_corrupt(sandbox: PrepareSandbox, tmp_path: Path) -> None:
    path = tmp_path / "broken.djvu"
    path.write_bytes(b"AT&TFORM\0\0\1\0DJVMDIRM\xff\xff\xff\xff" + b"\7" * 200)
    outcome = sandbox.prepare(path, tmp_path / "out", "d0c", PrepareOptions())
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_CORRUPT
    assert str(tmp_path) not in outcome.reason


def test_without_djvulibre_the_reason_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = djvu_page(tmp_path, "one", square((200, 200), (0, 0, 50, 50), "1"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with PrepareSandbox(LIMITS) as without:
        outcome = without.prepare(path, tmp_path / "out", "d0c", PrepareOptions())
    assert outcome == Rejection(
        state=SourceState.SKIPPED_UNSUPPORTED,
        reason="a DjVu document: only DjVuLibre can decode it, and it is not installed on the workers "
        "(package djvulibre-bin of Debian and Ubuntu)",
    )
