"""Readings of which it is known what is wrong with them, and how well the guards tell.

``tests/unit/ocr_tasks/guards/readings.jsonl`` holds one reading a line: the half it belongs to (``tuned`` was looked at
when thresholds were chosen, ``held_out`` was written first and never was), what kind it is, the flags it should get,
and its text. Loops are written short: a part of a text is itself, ``{"repeat", "times"}``, or ``{"count", "from",
"to"}`` with a growing number for ``{n}``. ``box_mm`` is the area on the page; without it the block fills an A4 sheet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_tasks.contract import Block, BlockLabel, ReadingFlag
from ocr_tasks.engines import PageReading

READINGS = Path(__file__).parent / "unit/ocr_tasks/guards/readings.jsonl"
A4_MM = (210.0, 297.0)
MM_AN_INCH = 25.4


@dataclass(frozen=True)
class LabelledReading:
    """One text with the doubts it should raise."""

    half: str
    kind: str
    flags: frozenset[ReadingFlag]
    text: str
    is_table: bool
    box_mm: tuple[float, float]

    def reading(self, width_px: int, height_px: int, dpi: int) -> PageReading:
        """The reading of a page that holds this block alone."""
        right, bottom = (round(side / MM_AN_INCH * dpi) for side in self.box_mm)
        label = BlockLabel.TABLE if self.is_table else BlockLabel.TEXT
        block = Block(label=label, bbox_px=(0, 0, min(right, width_px), min(bottom, height_px)), content=self.text)
        return PageReading(blocks=(block,), width_px=width_px, height_px=height_px)


def labelled_readings(half: str) -> list[LabelledReading]:
    """All readings of a half."""
    entries = [json.loads(line) for line in READINGS.read_text(encoding="utf-8").splitlines()]
    return [
        LabelledReading(
            half=entry["set"],
            kind=entry["kind"],
            flags=frozenset(map(ReadingFlag, entry["flags"])),
            text=_text(entry["text"]),
            is_table=entry.get("is_table", False),
            box_mm=tuple(entry.get("box_mm", A4_MM)),
        )
        for entry in entries
        if entry["set"] == half
    ]


def _text(parts: str | list[Any]) -> str:
    return parts if isinstance(parts, str) else "".join(map(_part, parts))


def _part(part: str | dict[str, Any]) -> str:
    if isinstance(part, str):
        return part
    if "repeat" in part:
        return str(part["repeat"]) * int(part["times"])
    return "".join(part["count"].replace("{n}", str(number)) for number in range(part["from"], part["to"] + 1))


@dataclass(frozen=True)
class Score:
    """How often a flag was right, wrong and missed."""

    flag: ReadingFlag
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the flags given that were right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the flags wanted that were given."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __str__(self) -> str:
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"{self.flag.value}: precision {self.precision:.2f}, recall {self.recall:.2f} ({counts})"


def scores(
    readings: Iterable[LabelledReading], judge: Callable[[LabelledReading], frozenset[ReadingFlag]]
) -> dict[ReadingFlag, Score]:
    """Score each flag over labelled readings."""
    judged = [(reading.flags, judge(reading)) for reading in readings]
    return {
        flag: Score(
            flag=flag,
            right=sum(flag in wanted and flag in given for wanted, given in judged),
            wrong=sum(flag not in wanted and flag in given for wanted, given in judged),
            missed=sum(flag in wanted and flag not in given for wanted, given in judged),
        )
        for flag in (
            ReadingFlag.REPETITION,
            ReadingFlag.TRUNCATED,
            ReadingFlag.MIXED_SCRIPT,
            ReadingFlag.TOO_MUCH_TEXT,
        )
    }
