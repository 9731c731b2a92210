"""A small lake as analysts meet it: the sample tender and some trouble, through the real stages in two nights."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from tenderlake.layout import Layout
from tenderlake.runs import PublishedRun
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline
from tests.officefiles import docx, paragraph, xlsx

SAMPLES = Path(__file__).parents[1] / "include/samples/documents"
NIGHTS = (datetime(2026, 3, 11, 2, tzinfo=UTC), datetime(2026, 3, 12, 2, tzinfo=UTC))
LEFT_OUT = ("Приложение 1", "Приложение 2", "Приложение 4. Локальный сметный расчёт.pdf", "Приложение 6", "Акт")
"""Samples whose pages take OCR long; «Запрос цен.jpg» is the scan of this lake."""
WRONG_SUMS = (
    "КОНТРАКТ № 17/26",
    "Поставщик: ООО «Свет», ИНН 9801014571, КПП 980101001",
    "Цена Контракта составляет 120 000,00 руб. (сто тридцать тысяч рублей 00 копеек), в том числе НДС 20 % "
    "20 000,00 руб.",
)
"""The words are not the figures, and the check digit of the ИНН is wrong."""
WRONG_ESTIMATE = (
    ("№ п/п", "Наименование работ и затрат", "Ед. изм.", "Кол-во", "Цена, руб.", "Всего, руб."),
    ("1", "Прокладка кабеля в лотке", "100 м", "2", "1 500,00", "3 000,00"),
    ("2", "Монтаж светильников", "шт", "10", "350,00", "3 600,00"),
    ("", "Итого", "", "", "", "6 600,00"),
)
"""Ten times 350 is 3,500."""


def fill(storage: Storage) -> tuple[PublishedRun, PublishedRun]:
    """Publish two nights: the sample tender, read by Tesseract; then a contract and a scan whose middle page fails."""
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file() and not path.name.startswith(LEFT_OUT):
            storage.upload(path, f"inbox/{path.relative_to(SAMPLES)}", "application/octet-stream")
    first = _night(storage, NIGHTS[0], engine="tesseract")
    storage.put_bytes("inbox/0373200012326000458/scan.tif", _scan(3), "image/tiff")
    contract = docx("".join(map(paragraph, WRONG_SUMS)))
    storage.put_bytes("inbox/0373200012326000458/Контракт.docx", contract, "application/octet-stream")
    estimate = xlsx({"Локальная смета": _sheet(WRONG_ESTIMATE)})
    storage.put_bytes("inbox/0373200012326000458/Локальная смета.xlsx", estimate, "application/octet-stream")
    fault = {"fault": "exception", "fault_page_number": 2}
    return first, _night(storage, NIGHTS[1], engine="faulty", engine_options=fault)


def _night(storage: Storage, night: datetime, **settings: object) -> PublishedRun:
    layout = Layout(Settings.model_validate(settings))
    found = pipeline.take(storage, layout, f"scheduled__{night.isoformat()}", now=night)
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
    return pipeline.finish(storage, layout, found)


def _scan(pages: int) -> bytes:
    buffer = io.BytesIO()
    images = [Image.effect_noise((400, 300), 60 + 10 * number) for number in range(pages)]
    images[0].save(buffer, "TIFF", save_all=True, append_images=images[1:])
    return buffer.getvalue()


def _sheet(rows: Sequence[Sequence[str]]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = (
            f'<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in zip("ABCDEF", row, strict=True)
        )
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>"
