"""The guards: doubts about what an engine has read, and which of two readings to keep.

They know texts and page images, and no engine. A doubt is to be right rather than complete: it costs a second reading.
"""

from __future__ import annotations

from ocr_tasks.guards.choosing import Judged, better_reading, says_much_less, weight_of
from ocr_tasks.guards.doubts import find_doubts, text_flags

__all__ = ["Judged", "better_reading", "find_doubts", "says_much_less", "text_flags", "weight_of"]
