"""What a model server is asked: the body of a chat completion, field by field what PaddleX's own client sends to vLLM.

Source: PaddleX 3.6.1, inference/models/doc_vlm/predictor.py; a test compares the two.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from ocr_tasks.engines.blocktexts import Crop

MOST_SIDE_PX = 65_500
"""Longest side of a JPEG file, libjpeg's limit."""


@dataclass(frozen=True)
class Question:
    """One crop as it is sent.

    Attributes:
        prompt: What the model is asked.
        min_pixels: The model sees the crop with at least so many pixels.
        max_pixels: And with at most so many.
        max_new_tokens: Where the model is stopped.
        repetition_penalty: 1 is none. PaddleX's pipeline decodes greedily, without one.
        picture: The crop as the address of a JPEG file that it holds itself.
    """

    prompt: str
    min_pixels: int
    max_pixels: int
    max_new_tokens: int
    picture: str = field(repr=False)
    repetition_penalty: float | None = None

    def body(self, model: str) -> dict[str, object]:
        """The request, as JSON takes it."""
        content = [{"type": "image_url", "image_url": {"url": self.picture}}, {"type": "text", "text": self.prompt}]
        body: dict[str, object] = {
            "model": model,
            "messages": [{"role": "user", "content": content}],
            "max_completion_tokens": self.max_new_tokens,
            "temperature": 0,
            "skip_special_tokens": True,
            "mm_processor_kwargs": {"min_pixels": self.min_pixels, "max_pixels": self.max_pixels},
        }
        if self.repetition_penalty is not None:
            body["repetition_penalty"] = self.repetition_penalty
        return body


def question_about(crop: Crop, max_new_tokens: int, repetition_penalty: float | None = None) -> Question:
    """Encode a crop, with Pillow's own quality of 75 as PaddleX does.

    Args:
        crop: The crop; no side longer than ``MOST_SIDE_PX``.
        max_new_tokens: Where the model is stopped.
        repetition_penalty: See ``Question``.
    """
    height_px, width_px, _ = crop.pixels.shape
    image = Image.frombytes("RGB", (width_px, height_px), crop.pixels.tobytes(), "raw", "BGR")
    file = BytesIO()
    image.save(file, "JPEG")
    return Question(
        prompt=crop.prompt,
        min_pixels=crop.min_pixels,
        max_pixels=crop.max_pixels,
        max_new_tokens=max_new_tokens,
        repetition_penalty=repetition_penalty,
        picture=f"data:image/jpeg;base64,{base64.b64encode(file.getbuffer()).decode()}",
    )
