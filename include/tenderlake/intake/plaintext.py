"""Reads text files: plain text as paragraphs, tables of comma-separated values as tables, XML by its elements."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ocr_tasks.contract import BlockLabel
from tenderlake.documents import PrepareLimits
from tenderlake.intake.encodings import decode_text
from tenderlake.intake.office.flow import MOST_TABLE_ROWS, Flow
from tenderlake.intake.office.grids import GridCell, pieces_of
from tenderlake.intake.office.package import Element, corrupt, local, parse_xml
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.sniffing import DocumentFormat
from tenderlake.states import SourceState

_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_RECORDS = 200
_STEADY_SHARE = 0.9
_LIST_ITEM = re.compile(r"\s*(?:[•·▪◦●–—*-]|\d{1,3}(?:\.\d{1,3})*[.)])\s+\S")
_SENTENCE_CHARS = 60
_ENOUGH_RECORDS = 2
_MOST_COLUMNS = 1000
_WRAPPED_CHARS = 40
_DATA = re.compile(r"(?:[A-Za-z0-9+/]{40,}\s+)*[A-Za-z0-9+/]+={0,2}\s*")
_LEAST_DATA_CHARS = 300
_MOST_NAME_CHARS = 1000


def source_bytes(source: Path | io.BytesIO) -> bytes:
    """All bytes of a document."""
    return source.read_bytes() if isinstance(source, Path) else source.getvalue()


def read_plain_text(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read a text file; raises :class:`RejectedError` where it is none to its end."""
    decoded = decode_text(source_bytes(source))
    if decoded is None:
        raise RejectedError(SourceState.SKIPPED_UNSUPPORTED, "it begins as text and goes on as unknown data")
    text = decoded.text.rstrip("\x1a\0")
    flow = Flow(limits)
    if _add_json(flow, text):
        flow.media_type = "application/json"
        return flow
    delimiter = find_delimiter(text)
    if delimiter is None:
        _add_paragraphs(flow, text)
    else:
        _add_table(flow, text, delimiter)
        flow.media_type = DocumentFormat.CSV.value
    return flow


class _JsonObject(list[tuple[str, object]]):
    """The names and values of an object, as they stand."""


def _add_json(flow: Flow, text: str) -> bool:
    """The values of a JSON document as lines, each with the names that lead to it; False where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        # Numbers as they are written, and names that stand twice with both values.
        document = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_JsonObject)
    except (ValueError, RecursionError):
        return False
    stack: list[tuple[str, object]] = [("", document)]
    while stack:
        name, value = stack.pop()
        if isinstance(value, _JsonObject):
            stack += [(_name_within(name, str(key)), inner) for key, inner in reversed(value)]
        elif isinstance(value, list):
            stack += [(name, inner) for inner in reversed(value)]
        elif value is not None and value != "":
            shown = _without_data(value if isinstance(value, str) else json.dumps(value))
            flow.text(f"{name}: {shown}" if name else shown)
    return True


def _name_within(outer: str, name: str) -> str:
    """The names that lead to a value; of very many only the last, or each value would be as long as the file."""
    whole = f"{outer}.{name}" if outer else name
    return whole if len(whole) <= _MOST_NAME_CHARS else f"…{whole[1 - _MOST_NAME_CHARS :]}"


def _without_data(text: str) -> str:
    """A text, or how long it is where it is a file or signature in base64."""
    return f"[data, {len(text)} characters]" if len(text) >= _LEAST_DATA_CHARS and _DATA.fullmatch(text) else text


def _add_paragraphs(flow: Flow, text: str) -> None:
    """Paragraphs are parted by empty lines, pages by form feeds; lines stay as they are."""
    for number, page in enumerate(text.split("\f")):
        if number and not flow.page_is_empty:
            flow.end_page()
        for paragraph in re.split(r"\n[ \t\n]*\n", page.replace("\r\n", "\n").replace("\r", "\n")):
            for part in _bounded(paragraph):
                is_item = "\n" not in part.strip() and _LIST_ITEM.match(part)
                flow.text(part, BlockLabel.LIST_ITEM if is_item else BlockLabel.TEXT)


def _bounded(paragraph: str, most: int = 8000) -> list[str]:
    """A paragraph without end in parts, cut between lines or words."""
    parts: list[str] = []
    start = 0
    while len(paragraph) - start > most:
        end = start + most
        cut = max(paragraph.rfind("\n", start, end), paragraph.rfind(" ", start + most // 2, end))
        cut = cut if cut > start else end
        parts.append(paragraph[start:cut])
        start = cut
    return [*parts, paragraph[start:]]


def find_delimiter(text: str) -> str | None:
    """What parts the columns where a text is a table: the same number of fields, at least two, in nearly every record.

    Sentences hold commas, too: with a comma or one tab the fields must be shorter than sentences.
    """
    sample = text[:200_000]
    best: tuple[float, int, str] | None = None
    for delimiter in _DELIMITERS:
        records = _records(sample, delimiter, _SAMPLE_RECORDS)
        if len(sample) < len(text):
            records = records[:-1]
        records = [record for record in records if any(field.strip() for field in record)]
        if len(records) < _ENOUGH_RECORDS:
            continue
        width, count = Counter(map(len, records)).most_common(1)[0]
        share = count / len(records)
        if width < 2 or share < _STEADY_SHARE or not _are_fields(records, delimiter, width):
            continue
        if best is None or (share, width) > best[:2]:
            best = (share, width, delimiter)
    return best[2] if best is not None else None


def _records(text: str, delimiter: str, most: int) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            records.append(record)
            if len(records) >= most:
                break
    except csv.Error:
        return []
    return records


def _are_fields(records: Sequence[Sequence[str]], delimiter: str, width: int) -> bool:
    fields = [field for record in records for field in record if field.strip()]
    mean = sum(map(len, fields)) / max(1, len(fields))
    if delimiter in ",|" and any(
        field.startswith(" ") and not field.strip().isnumeric() for record in records for field in record[1:2]
    ):
        return False
    return mean <= _SENTENCE_CHARS and (width > 2 or len(records) > 2 or delimiter in ";\t" or mean <= _WRAPPED_CHARS)


def _add_table(flow: Flow, text: str, delimiter: str) -> None:
    csv.field_size_limit(1 << 24)
    rows: list[GridCell] = []
    count = number = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if not any(field.strip() for field in record):
                continue
            rows += [GridCell(number, place, field) for place, field in enumerate(record[:_MOST_COLUMNS])]
            number += 1
            if number - count >= MOST_TABLE_ROWS * 20:
                _add_pieces(flow, rows)
                rows, count = [], number
    except csv.Error as error:
        raise corrupt("a quotation mark in its table has no end") from error
    _add_pieces(flow, rows)


def _add_pieces(flow: Flow, rows: list[GridCell]) -> None:
    for piece in pieces_of(rows):
        if not flow.page_is_empty:
            flow.end_page()
        flow.table(piece)


def read_plain_xml(source: Path | io.BytesIO, limits: PrepareLimits) -> Flow:
    """Read an XML file that nobody here knows by name: elements with text as lines, their names before them."""
    flow = Flow(limits)
    _add_element(flow, parse_xml(source_bytes(source), "XML"), 0)
    return flow


def _add_element(flow: Flow, root: Element, depth: int) -> None:
    stack: list[tuple[Element, int]] = [(root, depth)]
    while stack:
        element, depth = stack.pop()
        name = local(element)
        if not name:
            continue
        text = _without_data((element.text or "").strip())
        values = [
            f"{key.rpartition('}')[2]} = {_without_data(value)}"
            for key, value in element.attrib.items()
            if not key.startswith("{")
        ]
        shown = "; ".join([*([text] if text else []), *values])
        if shown:
            flow.text(f"{name}: {shown}")
        elif len(element) and depth == 0:
            flow.text(name)
        if (tail := (element.tail or "").strip()) and depth:
            flow.text(tail)
        stack += [(inner, depth + 1) for inner in reversed(element)]


__all__ = ["find_delimiter", "read_plain_text", "read_plain_xml", "source_bytes"]
