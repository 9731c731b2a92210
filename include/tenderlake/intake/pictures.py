"""Prepares picture files: every frame is a page that needs OCR."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tenderlake.documents import PageKind, PagePlan, PrepareLimits
from tenderlake.intake.folder import PreparedFolder
from tenderlake.intake.outcome import NOT_ENOUGH_MEMORY, RejectedError, is_disk_trouble, is_out_of_memory, one_line
from tenderlake.intake.sniffing import SourceFormat, picture_format_of
from tenderlake.pageflags import PageFlag
from tenderlake.rendering import render_image
from tenderlake.states import SourceState

_REDUCED_IMAGE = 1
_SUBFILE_TYPE_TAG = 254
_MANY_FRAMES = (SourceFormat.TIFF, SourceFormat.GIF, SourceFormat.WEBP)
_FRAMES_ON_FRAMES = (SourceFormat.GIF, SourceFormat.WEBP)
# Decoders of broken files raise nearly anything; what is wrong with the file is in the words of the error.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    RuntimeError,
)


def prepare_pictures(
    path: Path, source_format: SourceFormat, folder: PreparedFolder, limits: PrepareLimits
) -> tuple[PagePlan, ...]:
    """Make a page image of every frame.

    A frame that does not decode becomes a page without image, with flag ``render_failed`` and the reason.

    Raises:
        RejectedError: Too many frames, too large, or nothing in the file decodes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Our own limits are checked before anything is decoded; Pillow's is a fixed number.
        Image.MAX_IMAGE_PIXELS = None
        try:
            image = Image.open(path, formats=[source_format.pillow_name])
        except MemoryError as error:
            raise RejectedError(SourceState.QUARANTINED_TOO_LARGE, NOT_ENOUGH_MEMORY) from error
        except _DECODE_ERRORS as error:
            raise RejectedError(SourceState.QUARANTINED_CORRUPT, _words(source_format, error)) from error
        with image:
            original = path.read_bytes() if source_format in (SourceFormat.JPEG, SourceFormat.PNG) else None
            pages = tuple(_pages(image, source_format, original, folder, limits))
    if not any(page.image_name for page in pages):
        reason = pages[0].reason if pages else "no frames in it"
        is_large = reason == NOT_ENOUGH_MEMORY or "TENDERLAKE_" in reason
        state = SourceState.QUARANTINED_TOO_LARGE if is_large else SourceState.QUARANTINED_CORRUPT
        raise RejectedError(state, reason)
    return pages


def _pages(
    image: Image.Image,
    source_format: SourceFormat,
    original: bytes | None,
    folder: PreparedFolder,
    limits: PrepareLimits,
) -> Iterator[PagePlan]:
    number = 0
    for frame in range(limits.max_pages * 2 + 1):
        try:
            if frame:
                if source_format not in _MANY_FRAMES:
                    return
                image.seek(frame)
            if frame and source_format is SourceFormat.TIFF and _is_thumbnail(image):
                continue
        except EOFError:
            return
        except _DECODE_ERRORS as error:
            yield _failed(number + 1, f"this frame and any after it cannot be found: {one_line(error)}", (0, 0))
            return
        number += 1
        if number > limits.max_pages:
            raise RejectedError(
                SourceState.QUARANTINED_TOO_LARGE,
                f"it has more than {limits.max_pages} frames (TENDERLAKE_MAX_PAGES)",
            )
        yield _page(number, image, source_format, original, folder, limits)
        if source_format in _FRAMES_ON_FRAMES and not _fits_memory(image, limits):
            return  # the next frame is drawn over this one, which cannot be decoded


def _is_thumbnail(image: Image.Image) -> bool:
    """TIFF may hold a small copy of a page beside it; it is no page."""
    tags = getattr(image, "tag_v2", {})
    return bool(int(tags.get(_SUBFILE_TYPE_TAG, 0) or 0) & _REDUCED_IMAGE)


def _page(
    number: int,
    image: Image.Image,
    source_format: SourceFormat,
    original: bytes | None,
    folder: PreparedFolder,
    limits: PrepareLimits,
) -> PagePlan:
    size = image.size
    try:
        is_smaller = _make_room(image, limits)
        rendered = render_image(image, None if is_smaller else original, max_pixels=limits.max_page_pixels)
        name = folder.add_image(number, rendered)
    except RejectedError as error:
        return _failed(number, error.rejection.reason, size)
    except (MemoryError, *_DECODE_ERRORS) as error:
        if is_disk_trouble(error):
            raise
        is_memory = is_out_of_memory(error)
        return _failed(number, NOT_ENOUGH_MEMORY if is_memory else _words(source_format, error), size)
    flags = (PageFlag.DOWNSCALED,) if is_smaller else rendered.flags
    return PagePlan(
        page_number=number,
        kind=PageKind.IMAGE,
        reason="a picture file",
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        dpi=rendered.dpi,
        image_name=name,
        image_media_type=rendered.media_type,
        image_size_bytes=len(rendered.data),
        quality_flags=tuple(flag.value for flag in flags),
    )


def _words(source_format: SourceFormat, error: BaseException) -> str:
    return f"the {source_format.pillow_name} picture does not decode: {one_line(error)}"


def _make_room(image: Image.Image, limits: PrepareLimits) -> bool:
    """Refuse a picture that cannot be decoded within the memory limit; let JPEG decode it smaller where it is large.

    Returns:
        Whether the picture will be decoded smaller than it is.
    """
    size = image.size
    pixels = image.width * image.height
    if pixels <= limits.max_page_pixels:
        return False
    if image.format == "JPEG":
        factor = (limits.max_page_pixels / pixels) ** 0.5
        image.draft(None, (max(1, int(image.width * factor)), max(1, int(image.height * factor))))
    if not _fits_memory(image, limits):
        raise RejectedError(
            SourceState.QUARANTINED_TOO_LARGE,
            f"a picture of {image.width} x {image.height} pixels: more than TENDERLAKE_MAX_PAGE_PIXELS "
            f"({limits.max_page_pixels}), and TENDERLAKE_DOCUMENT_MEMORY_BYTES does not allow to make it smaller",
        )
    return image.size != size


def _fits_memory(image: Image.Image, limits: PrepareLimits) -> bool:
    """Pillow takes four bytes a pixel but for grey and two levels; half of the limit is left for the copies."""
    bytes_per_pixel = 1 if image.mode in ("1", "L", "P") else 4
    return image.width * image.height * bytes_per_pixel <= limits.memory_bytes // 2


def _failed(number: int, reason: str, size: tuple[int, int]) -> PagePlan:
    return PagePlan(
        page_number=number,
        kind=PageKind.IMAGE,
        reason=reason,
        width_px=size[0],
        height_px=size[1],
        quality_flags=(PageFlag.RENDER_FAILED.value,),
    )


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a picture within a document; None where it is no format that is decoded here."""
    picture_format = picture_format_of(data)
    if picture_format is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.MAX_IMAGE_PIXELS = None
            with Image.open(io.BytesIO(data), formats=[picture_format.pillow_name]) as image:
                return image.size
    except _DECODE_ERRORS:
        return None


def prepare_picture(data: bytes, number: int, reason: str, folder: PreparedFolder, limits: PrepareLimits) -> PagePlan:
    """Make an image page of a picture within a document: its first frame, passed through where OCR reads its codec.

    A picture that does not decode becomes a page without image, with flag ``render_failed`` and the reason.
    """
    picture_format = picture_format_of(data)
    if picture_format is None:
        return _failed(number, f"{reason}: a format that is not decoded here", (0, 0))
    original = data if picture_format in (SourceFormat.JPEG, SourceFormat.PNG) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None
        try:
            image = Image.open(io.BytesIO(data), formats=[picture_format.pillow_name])
        except _DECODE_ERRORS as error:
            return _failed(number, f"{reason}: {_words(picture_format, error)}", (0, 0))
        with image:
            page = _page(number, image, picture_format, original, folder, limits)
    words = reason if page.image_name else f"{reason}: {page.reason}"
    return page.model_copy(update={"reason": words})
