"""The library under PaddleOCR-VL: its versions, how it is imported to work offline, its devices and its errors."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ocr_tasks.errors import EngineLostError, EngineUnavailableError, TaskError

_OUT_OF_MEMORY = ("out of memory", "resourceexhausted", "bad_alloc", "alloc_failed")
_DEVICE_LOST = ("cuda error", "cudnn error", "cublas error", "cudaerror", "cuda_error", "illegal memory access")
_UNFIT_SHAPE = ("status_not_supported",)
"""cuDNN and cuBLAS say so of a picture whose size they have no kernel for; the device is well."""
_LINE_LENGTH = 200
_PADDLE_SUMMARY = "Error Message Summary:"
_SHARED = ("official_models", "fonts")


def library_version() -> str:
    """Versions of what reads, such as ``3.6.0+paddlex3.6.1+paddle3.2.1``; imports none of it.

    Raises:
        EngineUnavailableError: A part is not installed.
    """
    return f"{installed_version('paddleocr')}+paddlex{installed_version('paddlex')}+paddle{paddle_version()}"


def paddle_version() -> str:
    """Version of PaddlePaddle, whichever package it came with.

    Raises:
        EngineUnavailableError: It is not installed.
    """
    try:
        return version("paddlepaddle-gpu")
    except PackageNotFoundError:
        return installed_version("paddlepaddle")


def installed_version(package: str) -> str:
    """Version of a package.

    Raises:
        EngineUnavailableError: It is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        raise EngineUnavailableError(
            f"the Python package {package} is not installed: run the image of docker/ocr, or make ocr-env"
        ) from None


def prepare_library(home: Path) -> None:
    """Import the library so that it works offline, on a read-only root and from any thread.

    Args:
        home: Where PaddleX keeps models and fonts, and would write.

    Raises:
        EngineUnavailableError: It cannot be imported.
    """
    # Any text counts as true; without it every start looks for a network that is not there.
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ["PADDLE_PDX_CACHE_HOME"] = str(_writable_home(home))
    try:
        use_dynamic_graph()
    except ImportError as error:
        raise EngineUnavailableError(
            f"PaddlePaddle cannot be imported ({error}): run the image of docker/ocr, or make ocr-env"
        ) from error


def use_dynamic_graph() -> None:
    """Undo the static graph mode, for the thread that calls.

    Where paddle was imported by one thread, others are in static mode, and every prediction in them fails with
    "int(Tensor) is not supported in static graph mode".
    """
    import paddle

    paddle.disable_static()


def require_device(device: str) -> None:
    """Check that a device is there; PaddleX itself would go on with the CPU without a word.

    Args:
        device: ``cpu`` or ``gpu:<number>``.

    Raises:
        EngineUnavailableError: It is not; the message says what to do.
    """
    if device == "cpu":
        return
    import paddle

    otherwise = ". The option device=cpu reads without a GPU, very slowly"
    if not paddle.device.is_compiled_with_cuda():
        raise EngineUnavailableError(
            f"device {device}: this PaddlePaddle is built for the CPU alone: run the image of docker/ocr{otherwise}"
        )
    count = paddle.device.cuda.device_count()
    if int(device.partition(":")[2]) >= count:
        raise EngineUnavailableError(
            f"device {device}: {f'only {count} GPUs are' if count else 'no GPU is'} visible: start the container with "
            "--gpus all, and look at nvidia-smi on the host: the driver must be one for CUDA 12.6 or newer" + otherwise
        )


def raise_if_fatal(error: Exception) -> None:
    """Raise what an error of the library means for the whole run; nothing where it is about one page or block only.

    Raises:
        EngineLostError: The device is gone, or what this process knows of it is spoilt.
        MemoryError: There is not enough memory, of the host or of the device.
    """
    if isinstance(error, (TaskError, MemoryError)):
        raise error
    text = f"{type(error).__name__}: {error}".lower()
    if any(sign in text for sign in _OUT_OF_MEMORY):
        raise MemoryError(f"not enough memory on the device: {one_line_of(error)}") from error
    if any(sign in text for sign in _DEVICE_LOST) and not any(sign in text for sign in _UNFIT_SHAPE):
        raise EngineLostError(
            f"the GPU failed ({one_line_of(error)}): look at dmesg and nvidia-smi on the host, then run the shard again"
        ) from error


def one_line_of(error: Exception) -> str:
    """What an error says, in one line: Paddle puts a trace of its C++ code before it."""
    text = str(error).rpartition(_PADDLE_SUMMARY)[2]
    return f"{type(error).__name__}: {' '.join(text.split()).lstrip('- ')}"[:_LINE_LENGTH]


def _writable_home(home: Path) -> Path:
    """That home, or on a read-only root a temporary folder that shows the same models and fonts."""
    if os.access(home, os.W_OK):
        return home
    replacement = Path(tempfile.gettempdir()) / f"ocr-paddlex-{os.getuid()}"
    replacement.mkdir(mode=0o700, exist_ok=True)
    if replacement.is_symlink() or replacement.stat().st_uid != os.getuid():
        raise EngineUnavailableError(f"{replacement} belongs to somebody else: remove it or set TMPDIR")
    for name in _SHARED:
        if (home / name).is_dir() and not (replacement / name).is_symlink():
            (replacement / name).symlink_to(home / name)
    return replacement
