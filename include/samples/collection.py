"""The sample files one by one: how each is made, what it says, and what must become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymupdf

from samples import scanning, tender
from samples.content import contract, estimate, justification, notice, papers, specification, works
from samples.money import grouped
from samples.scanning import Scanner, Stamp
from samples.tender import CUSTOMER
from samples.typesetting import Sheet, TextLayer, Typesetter, plain_text

FOLDER = tender.PURCHASE_NUMBER
PASSWORD = "zakupka-2026"  # noqa: S105 - of one sample file; the README tells it

_ENCRYPTED_FRAME = Path(__file__).with_name("content") / "encrypted-frame.pdf"
"""An empty page behind PASSWORD (RC4, 128 bit), saved once with MuPDF."""
_TITOVA, _SOKOLOVA, _GROMOV, _PANOVA, _LEBEDEV, _CHERNOV = 4, 9, 2, 6, 3, 8
"""Whose hand signs: seeds of the scribbles."""


@dataclass(frozen=True)
class Sample:
    """A sample file and what the pipeline must make of it.

    Attributes:
        path: where it lies in the inbox, with ``/``.
        data: its bytes.
        state: one of the source states of the pipeline.
        native_pages: pages whose text layer is sound.
        ocr_pages: pages that must be read by OCR.
        facts: strings that must be found in the Markdown once white space is collapsed.
        truth: what every page says, for files with pages that need OCR; else empty.
    """

    path: str
    data: bytes
    state: str
    native_pages: int = 0
    ocr_pages: int = 0
    facts: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        """Pages that are published from this file: none for what is skipped or quarantined."""
        return self.native_pages + self.ocr_pages


def make_samples(fonts: Path) -> tuple[Sample, ...]:
    """All sample files, set in the fonts of a folder."""
    typesetter = Typesetter(fonts)
    notice_sample = _notice(typesetter)
    return (
        notice_sample,
        Sample(f"{FOLDER}/Извещение.pdf.sig", detached_signature(), "skipped_unsupported"),
        Sample(f"{FOLDER}/Печатная форма извещения.pdf", notice_sample.data, "skipped_duplicate"),
        _specification(typesetter, fonts),
        _justification(typesetter, fonts),
        _contract(typesetter),
        _estimate(typesetter, fonts),
        _estimate_workbook(),
        Sample(f"{FOLDER}/Приложение 5 (повреждено).pdf", _cut_short(typesetter), "quarantined_corrupt"),
        _bid_requirements(typesetter),
        _works_specification(),
        _inspection_report(typesetter, fonts),
        _price_request(typesetter, fonts),
        Sample(
            f"{FOLDER}/Запросы цен/Коммерческое предложение 1 (под паролем).pdf",
            _encrypted(typesetter),
            "quarantined_encrypted",
        ),
        Sample(f"{FOLDER}/Запросы цен/Коммерческое предложение 2.pdf", b"", "skipped_empty"),
    )


def _notice(typesetter: Typesetter) -> Sample:
    document = typesetter.document(notice.pages(), notice.SHEET)
    return Sample(
        f"{FOLDER}/Извещение.pdf",
        typesetter.save(document, "Извещение"),
        "published",
        native_pages=document.page_count,
        facts=(
            tender.PURCHASE_NUMBER,
            tender.PURCHASE_CODE,
            CUSTOMER.inn,
            CUSTOMER.kpp,
            CUSTOMER.ogrn,
            CUSTOMER.email,
            _plain(grouped(tender.INITIAL_PRICE)),
            f"{tender.BID_SECURITY_PERCENT} % ({_plain(grouped(tender.BID_SECURITY))} руб.)",
            f"{tender.BIDS_UNTIL} 09:00",
            tender.ITEMS[0].okpd2,
            "Электронный аукцион",
        ),
    )


def _works_specification() -> Sample:
    return Sample(
        f"{FOLDER}/Приложение 7. Техническое задание на работы.docx",
        works.specification(),
        "published",
        native_pages=2,
        facts=(
            "ТЕХНИЧЕСКОЕ ЗАДАНИЕ",
            CUSTOMER.inn,
            "2.1. До начала работ",
            "2.1.2. порядок доступа в помещения",
            tender.ROOMS[0].name,
            "Всего светильников-панелей",
        ),
    )


def _estimate_workbook() -> Sample:
    return Sample(
        f"{FOLDER}/Приложение 4. Локальный сметный расчёт.xlsx",
        works.estimate(),
        "published",
        native_pages=2,
        facts=(
            tender.ESTIMATE_NUMBER,
            tender.SECTIONS[0].title,
            _plain(grouped(tender.SECTIONS[0].total)),
            _plain(grouped(tender.DIRECT_COSTS)),
            _plain(grouped(tender.WORKS_TOTAL)),
        ),
    )


def _contract(typesetter: Typesetter) -> Sample:
    document = typesetter.document(contract.pages(), contract.SHEET)
    return Sample(
        f"{FOLDER}/Приложение 3. Проект контракта.pdf",
        typesetter.save(document, "Проект контракта"),
        "published",
        native_pages=document.page_count,
        facts=(
            tender.PURCHASE_NUMBER,
            CUSTOMER.inn,
            CUSTOMER.treasury_account,
            CUSTOMER.single_account,
            _plain(grouped(tender.CONTRACT_SECURITY)),
            "именуемое в дальнейшем «Заказчик»",
            "СПЕЦИФИКАЦИЯ",
        ),
    )


def _specification(typesetter: Typesetter, fonts: Path) -> Sample:
    texts = specification.digital_pages()
    rooms = specification.rooms_page()
    document = _one_page_each(typesetter, texts, specification.SHEET)
    printed = _one_page_each(typesetter, (rooms,), specification.ROOMS_SHEET)
    image = Scanner(seed=101, skew_deg=-0.6).scan(
        printed[0],
        fonts,
        stamps=(_stamp(blank=1, right_mm=8, down_mm=24),),
        signature_seeds=(_TITOVA, _SOKOLOVA),
    )
    scan = scanning.pdf_of_jpegs([(scanning.jpeg(image, 45, 300), printed[0].rect)])
    native_pages = document.page_count
    document.insert_pdf(scan)
    return Sample(
        f"{FOLDER}/Приложение 1. Описание объекта закупки.pdf",
        typesetter.save(document, "Описание объекта закупки"),
        "published",
        native_pages=native_pages,
        ocr_pages=1,
        facts=(
            "ОПИСАНИЕ ОБЪЕКТА ЗАКУПКИ",
            CUSTOMER.inn,
            tender.ITEMS[6].okpd2,
            "ВЕДОМОСТЬ РАЗМЕЩЕНИЯ СВЕТИЛЬНИКОВ",
            "Спортивный зал",
        ),
        truth=tuple(plain_text(text) for text in (*texts, rooms)),
    )


def _estimate(typesetter: Typesetter, fonts: Path) -> Sample:
    texts = estimate.pages()
    printed = _one_page_each(typesetter, texts, estimate.SHEET)
    images = (
        Scanner(seed=201, skew_deg=0.5).scan(
            printed[0],
            fonts,
            stamps=(_stamp(blank=1, right_mm=52, down_mm=6),),
            signature_seeds=(_GROMOV, _SOKOLOVA),
        ),
        Scanner(seed=202, skew_deg=-0.3).scan(printed[1], fonts, signature_seeds=(_PANOVA, _LEBEDEV)),
    )
    pictures = [(scanning.jpeg(image, 45, 300), page.rect) for image, page in zip(images, printed, strict=True)]
    return Sample(
        f"{FOLDER}/Приложение 4. Локальный сметный расчёт.pdf",
        typesetter.save(scanning.pdf_of_jpegs(pictures), "Локальный сметный расчёт"),
        "published",
        ocr_pages=len(texts),
        facts=(
            "ЛОКАЛЬНЫЙ СМЕТНЫЙ РАСЧЁТ",
            tender.ESTIMATE_NUMBER,
            "Раздел 1. Демонтажные работы",
            _plain(grouped(tender.SECTIONS[0].total)),
            _plain(grouped(tender.DIRECT_COSTS)),
            _plain(grouped(tender.WORKS_TOTAL)),
        ),
        truth=tuple(plain_text(text) for text in texts),
    )


def _justification(typesetter: Typesetter, fonts: Path) -> Sample:
    texts = (justification.table_page(), justification.summary_page())
    table = _one_page_each(typesetter, texts[:1], justification.TABLE_SHEET)
    summary = _one_page_each(typesetter, texts[1:], justification.SUMMARY_SHEET)
    images = (
        Scanner(seed=301, skew_deg=0.3, blur_px=0.5, noise=9).scan(table[0], fonts),
        Scanner(seed=302, skew_deg=-0.4, blur_px=0.5, noise=9).scan(
            summary[0],
            fonts,
            stamps=(_stamp(blank=0, right_mm=40, down_mm=26),),
            signature_seeds=(_LEBEDEV,),
        ),
    )
    return Sample(
        f"{FOLDER}/Приложение 2. Обоснование НМЦК.tif",
        scanning.fax_tiff(images, threshold=150, dpi=300),
        "published",
        ocr_pages=len(images),
        facts=(
            "ОБОСНОВАНИЕ НАЧАЛЬНОЙ (МАКСИМАЛЬНОЙ) ЦЕНЫ КОНТРАКТА",
            _plain(grouped(tender.GOODS_TOTAL)),
            _plain(grouped(tender.INITIAL_PRICE)),
            "Совокупность цен однородна",
        ),
        truth=tuple(plain_text(text) for text in texts),
    )


def _bid_requirements(typesetter: Typesetter) -> Sample:
    texts = papers.bid_requirements()
    document = _one_page_each(typesetter, texts, papers.BID_SHEET)
    return Sample(
        f"{FOLDER}/Приложение 6. Требования к заявке.pdf",
        typesetter.save(document, "Требования к содержанию, составу заявки", text_layer=TextLayer.GARBLED),
        "published",
        ocr_pages=len(texts),
        facts=(
            "ТРЕБОВАНИЯ К СОДЕРЖАНИЮ, СОСТАВУ ЗАЯВКИ",
            tender.PURCHASE_NUMBER,
            _plain(grouped(tender.BID_SECURITY)),
            "статьёй 43 Закона № 44-ФЗ",
            "ФОРМА СВЕДЕНИЙ О ПРЕДЛАГАЕМОМ ТОВАРЕ",
        ),
        truth=tuple(plain_text(text) for text in texts),
    )


def _inspection_report(typesetter: Typesetter, fonts: Path) -> Sample:
    text = papers.inspection_report()
    printed = _one_page_each(typesetter, (text,), papers.LETTER_SHEET)
    image = Scanner(seed=401, skew_deg=0.7, light_fall=0.02).scan(
        printed[0],
        fonts,
        signature_seeds=(_TITOVA, _LEBEDEV, _CHERNOV),
    )
    return Sample(
        f"{FOLDER}/Акт осмотра.png",
        scanning.png(image, levels=16, dpi=300),
        "published",
        ocr_pages=1,
        facts=("АКТ ОСМОТРА", "19 января 2026 г.", "1978", "Капитальный ремонт электрических сетей", "1 850"),
        truth=(plain_text(text),),
    )


def _price_request(typesetter: Typesetter, fonts: Path) -> Sample:
    text = papers.price_request()
    printed = _one_page_each(typesetter, (text,), papers.LETTER_SHEET)
    image = Scanner(seed=501, dpi=200, skew_deg=-0.5, paper=(247, 243, 232), light_fall=0.12, blur_px=0.5).scan(
        printed[0],
        fonts,
        stamps=(_stamp(blank=0, right_mm=34, down_mm=12),),
        signature_seeds=(_SOKOLOVA,),
    )
    return Sample(
        f"{FOLDER}/Запросы цен/Запрос цен.jpg",
        scanning.jpeg(image, 55, 200),
        "published",
        ocr_pages=1,
        facts=("О предоставлении ценовой информации", CUSTOMER.inn, CUSTOMER.ogrn, "03.02.2026", "без аванса"),
        truth=(plain_text(text),),
    )


def _cut_short(typesetter: Typesetter) -> bytes:
    """A PDF whose second half is missing: its pages were in an object stream at the end, so no repair finds them."""
    document = typesetter.document(papers.bid_instruction(), papers.BID_SHEET)
    typesetter.save(document, "Инструкция по заполнению заявки")
    whole: bytes = document.tobytes(garbage=4, deflate=True, use_objstms=1, no_new_id=True)
    return whole[: len(whole) * 6 // 10]


def _encrypted(typesetter: Typesetter) -> bytes:
    """A PDF that asks for a password.

    MuPDF draws a new id whenever it encrypts, and the key depends on it. So the pages are put into an encrypted PDF
    that exists already, whose id and key stay; with RC4, since AES would draw new salts.
    """
    offer = typesetter.document(papers.offer(), papers.LETTER_SHEET)
    title = "Коммерческое предложение"
    typesetter.save(offer, title)
    document = pymupdf.open(_ENCRYPTED_FRAME)
    document.authenticate(PASSWORD)
    document.insert_pdf(offer)
    document.delete_page(0)
    document.set_metadata({"title": title})
    data: bytes = document.tobytes(garbage=4, deflate=True, no_new_id=True, encryption=pymupdf.PDF_ENCRYPT_KEEP)
    return data


def detached_signature() -> bytes:
    """Bytes in the shape of a detached CMS signature (RFC 5652): the right frame in DER, and noise in it."""

    def element(tag: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        if len(body) < 0x80:
            return bytes((tag, len(body))) + body
        length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
        return bytes((tag, 0x80 | len(length))) + length + body

    noise = np.random.default_rng(601).bytes
    signed_data, data = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
    gost_digest = bytes.fromhex("06082a85030701010202")
    algorithm = element(0x30, gost_digest)
    certificate = element(0xA0, element(0x30, noise(1200)))
    signer = element(0x30, element(0x02, b"\x01"), algorithm, element(0x04, noise(64)))
    content = element(
        0x30, element(0x02, b"\x01"), element(0x31, algorithm), element(0x30, data), certificate, element(0x31, signer)
    )
    return element(0x30, signed_data, element(0xA0, content))


def _one_page_each(typesetter: Typesetter, texts: Sequence[str], sheet: Sheet) -> pymupdf.Document:
    """Typeset texts that must fit one page each, so that the text of every page is known."""
    document = typesetter.document(texts, sheet)
    if document.page_count != len(texts):
        raise ValueError(f"{len(texts)} texts were to fit a page each and took {document.page_count} pages")
    return document


def _stamp(*, blank: int, right_mm: float, down_mm: float) -> Stamp:
    around = f"{CUSTOMER.short_name} * ГОРОД НИЖНЕЛИПСК * ОГРН {CUSTOMER.ogrn} * "
    return Stamp(around, ("ДЛЯ", "ДОКУМЕНТОВ"), blank, right_mm, down_mm)


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")
