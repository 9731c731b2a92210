"""What the doctor finds out about PaddleOCR-VL: libraries, device, models, and that it reads without a network."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ocr_tasks.contract import PageResult, PageStatus
from ocr_tasks.engines.base import Engine, Finding
from ocr_tasks.engines.model_files import ORIENTATION_MODEL, model_findings, read_manifest
from ocr_tasks.engines.paddle_library import (
    installed_version,
    paddle_version,
    prepare_library,
    require_device,
    use_dynamic_graph,
)
from ocr_tasks.engines.paddleocr_vl_pipeline import PipelineOptions
from ocr_tasks.errors import EngineUnavailableError, PageError
from ocr_tasks.images import PageImage
from ocr_tasks.offline import NetworkUse, without_network
from ocr_tasks.settings import ModelSettings

_PAGE_SIZE_PX = (900, 500)
_PRINT = ("Tender 32514", "Technical specification", "Delivery within 30 days")
_READING_LIMIT_S = 900.0
_LEAST_CAPABILITY = (7, 0)
"""Below it PaddleOCR-VL does not run (PaddleOCR issue 16823)."""


def cheap_findings(options: PipelineOptions, folders: Sequence[str]) -> list[Finding]:
    """What can be said within a second: versions, the device files of GPUs, names and sizes of the model files."""
    return [
        *_library_findings(),
        _device_file_finding(options.device),
        *_model_findings(options, folders, reads_content=False),
    ]


def full_findings(options: PipelineOptions, folders: Sequence[str], open_engine: Callable[[], Engine]) -> list[Finding]:
    """Everything; a page is read only where all that it needs is there.

    Args:
        options: Of the engine.
        folders: The models it needs.
        open_engine: Loads it.
    """
    findings = _library_findings()
    # Before the library is imported: on a read-only root it is given another home then, which nobody would know.
    models = _model_findings(options, folders, reads_content=True)
    if all(finding.is_ok for finding in findings):
        findings += _loaded_findings(options)
    findings += models
    if all(finding.is_ok for finding in findings):
        findings.append(recognition_finding(open_engine))
    return findings


def recognition_finding(open_engine: Callable[[], Engine]) -> Finding:
    """Whether an engine reads a page of print while the network is off."""

    def read() -> tuple[int, float]:
        engine = open_engine()
        try:
            started = time.monotonic()
            reading = engine.read(_page_of_print(), _READING_LIMIT_S)
            if reading.unread_reason:
                raise PageError(reading.unread_reason)
            result = PageResult(
                page_key="doctor",
                document_id="doctor",
                page_number=1,
                status=PageStatus.DONE,
                engine=engine.info.name,
                engine_version=engine.info.version,
                width_px=reading.width_px,
                height_px=reading.height_px,
                blocks=reading.blocks,
            )
            PageResult.model_validate_json(result.model_dump_json())
            return sum(bool(block.content) for block in reading.blocks), time.monotonic() - started
        finally:
            engine.close()

    try:
        (blocks, duration_s), use = without_network(read)
    except Exception as error:
        return Finding(is_ok=False, text=f"recognition with the network off fails: {error or type(error).__name__}")
    if not blocks:
        return Finding(
            is_ok=False, text="recognition runs, but nothing is read from a page of print: are these the right models?"
        )
    return Finding(
        is_ok=True, text=f"recognition with the network off: {blocks} blocks in {duration_s:.1f} s, {_network_off(use)}"
    )


def _network_off(use: NetworkUse) -> str:
    how = "the kernel had cut the network" if use.is_cut_by_kernel else "connections were refused"
    tried = f"; tried in vain: {', '.join(sorted(set(use.refused)))}" if use.refused else ""
    return how + tried


def _library_findings() -> list[Finding]:
    findings = [Finding(is_ok=True, text=f"Python {platform.python_version()}")]
    try:
        findings += [
            Finding(is_ok=True, text=f"{name} {found}")
            for name, found in (
                ("PaddlePaddle", paddle_version()),
                ("PaddleOCR", installed_version("paddleocr")),
                ("PaddleX", installed_version("paddlex")),
            )
        ]
    except EngineUnavailableError as error:
        findings.append(Finding(is_ok=False, text=str(error)))
    return findings


def _loaded_findings(options: PipelineOptions) -> list[Finding]:
    """What only the imported library tells."""
    try:
        prepare_library(ModelSettings.from_environment(os.environ).home)
    except EngineUnavailableError as error:
        return [Finding(is_ok=False, text=str(error))]
    return [_graph_mode_finding(), _device_finding(options.device)]


def _graph_mode_finding() -> Finding:
    """In a thread, because that is where static mode lurks and where pages are read."""
    import paddle

    is_dynamic: list[bool] = []

    def look() -> None:
        use_dynamic_graph()
        is_dynamic.append(paddle.in_dynamic_mode())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if is_dynamic == [True]:
        return Finding(is_ok=True, text="dynamic graph mode, in threads as well")
    return Finding(
        is_ok=False,
        text='Paddle is in static graph mode, reading would fail with "int(Tensor) is not supported in static graph '
        'mode": unset FLAGS_* variables, and import paddle nowhere before ocr_tasks does',
    )


def _device_finding(device: str) -> Finding:
    if device == "cpu":
        return Finding(is_ok=True, text="device cpu: no GPU was looked for, pages take minutes there")
    try:
        require_device(device)
    except EngineUnavailableError as error:
        return Finding(is_ok=False, text=str(error))
    import paddle

    facts = paddle.device.cuda.get_device_properties(int(device.partition(":")[2]))
    text = (
        f"device {device}: {facts.name}, {facts.total_memory / 2**30:.0f} GiB, capability {facts.major}.{facts.minor}"
    )
    if (facts.major, facts.minor) < _LEAST_CAPABILITY:
        return Finding(is_ok=False, text=f"{text}: PaddleOCR-VL needs 7.0 or more, take another GPU")
    return Finding(is_ok=True, text=text)


def _device_file_finding(device: str) -> Finding:
    if device == "cpu":
        return Finding(is_ok=True, text="device cpu: no GPU was looked for")
    found = sorted(str(file) for file in Path("/dev").glob("nvidia[0-9]*"))
    # What Windows gives to Linux in place of the driver's own files; it tells no number.
    if Path("/dev/dxg").exists() or len(found) > int(device.partition(":")[2]):
        return Finding(is_ok=True, text=f"device {device}: {', '.join(found) or '/dev/dxg'}")
    return Finding(
        is_ok=False,
        text=f"device {device}: {f'only {len(found)} GPUs' if found else 'no GPU'} in /dev: start the container with "
        "--gpus all, or give the option device=cpu",
    )


def _model_findings(options: PipelineOptions, folders: Sequence[str], *, reads_content: bool) -> list[Finding]:
    settings = ModelSettings.from_environment(os.environ)
    try:
        manifest = read_manifest(settings.manifest)
    except EngineUnavailableError as error:
        return [Finding(is_ok=False, text=str(error))]
    findings = model_findings(options.models_in(settings), folders, manifest, reads_content=reads_content)
    if not options.turns_pages(settings):
        why = "as use_orientation says" if options.use_orientation is False else f"{ORIENTATION_MODEL} is not there"
        findings.append(Finding(is_ok=True, text=f"pages that are turned are read as they are: {why}"))
    return findings


def _page_of_print() -> PageImage:
    image = Image.new("RGB", _PAGE_SIZE_PX, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=44)
    for number, text in enumerate(_PRINT):
        draw.text((60, 60 + number * 120), text, fill="black", font=font)
    return PageImage(image=image, page_number=1)
