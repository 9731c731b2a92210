"""A value found in a document, before it is ranked among the others of its field."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from ocr_tasks.contract import BBox
from tenderlake.lake.vocabulary import FieldMethod, FieldName, FieldRole, FieldUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One value as it stands in one place.

    Args:
        field: what it is.
        value: in its normal form: digits without spaces, a decimal point, ISO dates, text with single spaces.
        raw_text: what stands in the document, with its label where it has one.
        page_number: of the page, from 1.
        bbox_px: of the lines it stands in, (x0, y0, x1, y1) in pixels of the page; all 0 where none is known.
        method: how it was found.
        role: whose it is, None where the document does not say.
        number: the value of sums, rates and terms, in ``unit``.
        unit: of ``number``.
        date: the value of dates.
        is_valid: whether form, check digits or arithmetic hold; None where nothing can be checked.
        is_repaired: whether look-alikes were replaced; only where a check proves it.
        message: what does not hold or what was repaired, in words.
        beside_inn: the ИНН that stands beside it, where it is not said whose it is.
        score: how sure the finder is, 0 to 1; orders the candidates of a field.
    """

    field: FieldName
    value: str
    raw_text: str
    page_number: int
    bbox_px: BBox
    method: FieldMethod
    role: FieldRole | None = None
    number: Decimal | None = None
    unit: FieldUnit | None = None
    date: dt.date | None = None
    is_valid: bool | None = None
    is_repaired: bool = False
    message: str | None = None
    beside_inn: str | None = None
    score: float = 0.5
