"""Given an error of Paddle, it is about the device, about memory, or about one page alone."""

from __future__ import annotations

import pytest

from ocr_tasks.engines.paddle_library import raise_if_fatal
from ocr_tasks.errors import EngineLostError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("(External) CUDA error(700), an illegal memory access was encountered.", EngineLostError),
        ("(External) CUDNN error(4), CUDNN_STATUS_INTERNAL_ERROR.", EngineLostError),
        ("ResourceExhaustedError: Out of memory error on GPU 0.", MemoryError),
        ("(External) CUBLAS error(3), CUBLAS_STATUS_ALLOC_FAILED.", MemoryError),
    ],
)
def test_what_is_about_more_than_a_page_is_raised(message: str, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        raise_if_fatal(RuntimeError(message))


@pytest.mark.parametrize(
    "message",
    [
        "(External) CUDNN error(3000), CUDNN_STATUS_NOT_SUPPORTED.",
        "(External) CUBLAS error(15), CUBLAS_STATUS_NOT_SUPPORTED.",
        "(InvalidArgument) The shape of input is wrong.",
    ],
)
def test_a_picture_that_no_kernel_takes_is_the_picture_alone(message: str) -> None:
    raise_if_fatal(RuntimeError(message))
