"""Thousands of small documents, run after run, without Airflow: what a document costs in each stage, early and late.

Letters, tables, web pages, mails with an attachment, Word files, workbooks, digital pages, copies, damaged and
encrypted files and a ZIP of many members are made, put into an S3 server of its own, and processed in runs by the
stages one after the other. Told are, for the first and the last full run, requests to S3 and processor time of the
stage with its children, by source; and what a look at an inbox with nothing new costs. Importing is not counted: each
task of Airflow pays for that.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

from tenderlake.assembly import assemble_batch
from tenderlake.discovery import release_claim
from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.layout import Layout
from tenderlake.planning import plan_run
from tenderlake.preparation import prepare_batch
from tenderlake.publishing import publish_run
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tenderlake.validation.stage import validate_run
from tests import pipeline
from tests.archives import encrypted_zip_of
from tests.officefiles import cell, docx, paragraph, xlsx
from tests.pdfs import digital_pdf

T = TypeVar("T")
TEXT = """поставка кабель договор заказчик участник закупки цена контракта работы услуги техническое задание срок
исполнения обеспечение заявки банк гарантия лицензия смета расчёт объём"""
WORDS = TEXT.split()
TENDER_DOCUMENTS = 12
ZIP_MEMBERS = 300

Cost = tuple[int, float]
"""Requests to S3, and seconds of processor time of this process and its children."""


class Maker:
    """Makes the files of one purchase after the other, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret

    def tender(self, number: int) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the documents of a purchase."""
        tender = f"03732000123260{number:05d}"
        notice = self._pdf(tender)
        files = {
            "Извещение.pdf": notice,
            "Копия.pdf": notice,
            "Письмо.txt": self._text(tender).encode(),
            "Пояснения.txt": self._text(tender).encode("cp1251"),
            "Позиции.csv": "\n".join(f"{n};{self._words(3)};{n * 7},00" for n in range(12)).encode(),
            "Страница.html": f"<p>{self._text(tender)}</p>".encode(),
            "ТЗ.docx": self._docx(tender),
            "Договор.docx": self._docx(tender),
            "Смета.xlsx": self._xlsx(),
            "Запрос.eml": self._mail(tender),
            "Битый.pdf": notice[:200],
            "Под паролем.zip": encrypted_zip_of({"a.txt": tender.encode()}, "geheim"),
        }
        yield from ((f"{tender}/{name}", data) for name, data in files.items())

    def archive(self) -> bytes:
        """A ZIP of many letters."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(ZIP_MEMBERS):
                archive.writestr(f"{number}.txt", self._text(str(number)))
        return buffer.getvalue()

    def _words(self, count: int) -> str:
        return " ".join(self._chance.choices(WORDS, k=count))

    def _lines(self, tender: str) -> list[str]:
        price = self._chance.randrange(10**5, 10**7)
        head = [f"Извещение № {tender}", f"Начальная (максимальная) цена контракта: {price},00 руб."]
        return head + [self._words(9).capitalize() + "." for _ in range(10)]

    def _text(self, tender: str) -> str:
        return "\n".join(self._lines(tender))

    def _pdf(self, tender: str) -> bytes:
        with digital_pdf([self._lines(tender)]) as document:
            return bytes(document.tobytes(garbage=3, deflate=True))

    def _docx(self, tender: str) -> bytes:
        rows = "".join(f"<w:tr>{cell(str(n))}{cell(self._words(2))}{cell(f'{n * 11},00')}</w:tr>" for n in range(6))
        return docx("".join(map(paragraph, self._lines(tender))) + f"<w:tbl>{rows}</w:tbl>")

    def _xlsx(self) -> bytes:
        rows = "".join(
            f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="str"><v>{self._words(2)}</v></c></row>'
            for n in range(1, 15)
        )
        return xlsx({"Смета": f"<sheetData>{rows}</sheetData>"})

    def _mail(self, tender: str) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "a@shkola.example", f"Запрос цен {tender}"
        mail.set_content(self._text(tender))
        mail.add_attachment(self._docx(tender), maintype="application", subtype="octet-stream", filename="ТЗ.docx")
        return mail.as_bytes()


class Meter:
    """Measures what is done with a storage."""

    def __init__(self, storage: Storage) -> None:
        self._requests = 0
        storage.client.meta.events.register("before-call.s3", self._count)

    def _count(self, **_call: object) -> None:
        self._requests += 1

    def of(self, action: Callable[[], T]) -> tuple[T, Cost]:
        """What an action returns, and its cost."""
        requests, cpu_s = self._requests, _cpu_s()
        result = action()
        return result, (self._requests - requests, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def one_run(storage: Storage, layout: Layout, meter: Meter, run_id: str) -> tuple[dict[str, Cost], int]:
    """One run through all stages; the cost of each, and how many sources it brought to an end."""
    cost: dict[str, Cost] = {}
    most = layout.settings.max_documents
    found, cost["discover"] = meter.of(lambda: pipeline.take(storage, layout, run_id, max_documents=most))
    numbers = range(1, len(found.batch_keys) + 1)
    _, cost["prepare"] = meter.of(
        lambda: [prepare_batch(storage, layout, run_id, key, found.options) for key in found.batch_keys]
    )
    _, cost["plan"] = meter.of(lambda: plan_run(storage, layout, run_id))
    _, cost["assemble"] = meter.of(lambda: [assemble_batch(storage, layout, run_id, number) for number in numbers])
    _, cost["validate"] = meter.of(lambda: validate_run(storage, layout, run_id))
    published, cost["publish"] = meter.of(lambda: publish_run(storage, layout, run_id))
    release_claim(storage, layout, run_id)
    return cost, sum(published.state_counts.values())


def show(name: str, cost: dict[str, Cost], sources: int) -> None:
    """A line a stage."""
    print(f"\n{name}: {sources} sources")
    for stage, (requests, cpu_s) in cost.items():
        print(f"  {stage:10s} {requests / sources:6.2f} requests {1000 * cpu_s / sources:7.1f} ms of processor time")


def main() -> None:
    """Run it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tenders", type=int, default=170, help=f"of {TENDER_DOCUMENTS} documents each")
    arguments.add_argument("--documents-a-run", type=int, default=500)
    options = arguments.parse_args()
    layout = Layout(Settings(engine="null", max_documents=options.documents_a_run))
    with tempfile.TemporaryDirectory() as folder, SeaweedFS.in_folder(Path(folder), stop_patience_s=3.0) as s3:
        storage, maker = s3.storage(), Maker(7)
        files = [file for number in range(options.tenders) for file in maker.tender(number)]
        files.append(("Всё.zip", maker.archive()))
        storage.in_parallel(lambda file: storage.put_bytes(f"inbox/{file[0]}", file[1], "text/plain"), files)
        meter, costs = Meter(storage), []
        for number in range(-(-len(files) // options.documents_a_run)):
            costs.append(one_run(storage, layout, meter, f"run-{number:04d}"))
            print(f"run {number + 1} done", file=sys.stderr)
        show("the first run", *costs[0])
        if len(costs) > 2:
            show("the last full run", *costs[-2])
        _, (requests, cpu_s) = meter.of(lambda: pipeline.take(storage, layout, "nothing"))
        print(f"\na look with nothing new: {requests} requests, {cpu_s:.2f} s of processor time")


if __name__ == "__main__":
    main()
