"""Given documents and accidents, this is what the lake holds: all stages but Airflow, with the null engine."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pyarrow as pa
import pymupdf
import pytest
from PIL import Image

from ocr_tasks.contract import Block, BlockLabel, PageResult, PageStatus
from tenderlake import publishing
from tenderlake.document_type import Classification, classify
from tenderlake.documents import NATIVE_PAGES_NAME
from tenderlake.lake.reading import iter_table
from tenderlake.lake.schema import DOCUMENTS, PAGES, SOURCES, TABLES
from tenderlake.layout import Layout
from tenderlake.publishing import unfinished_business
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline
from tests.crashes import Crash, Killed, end_leases
from tests.officefiles import docx, paragraph, xlsx

pytestmark = pytest.mark.integration

PROSE = "Настоящий контракт определяет порядок поставки кабельной продукции для нужд школы. " * 12


def digital_pdf(text: str = PROSE, pages: int = 1) -> bytes:
    with pymupdf.open() as document:
        for _ in range(pages):
            document.new_page().insert_htmlbox(pymupdf.Rect(50, 50, 540, 800), f"<p>{text}</p>")
        return bytes(document.tobytes())


def scan(shade: int = 200) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (400, 300), shade).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def layout() -> Layout:
    return Layout(Settings(engine="null", engine_options={"text": "прочитано"}, batch_documents=2))


def put(storage: Storage, **documents: bytes) -> None:
    for name, data in documents.items():
        storage.put_bytes(f"inbox/{name.replace('_', '.')}", data, "application/octet-stream")


def rows(storage: Storage, layout: Layout, table: Any) -> list[dict[str, Any]]:
    tables = [part for _, part in iter_table(storage, layout, table)]
    return list(pa.concat_tables(tables).to_pylist()) if tables else []


def states(storage: Storage, layout: Layout) -> dict[str, str]:
    return {row["source_key"].removeprefix("inbox/"): row["state"] for row in rows(storage, layout, SOURCES)}


def counts(storage: Storage, layout: Layout) -> dict[str, int]:
    return {table.name: len(rows(storage, layout, table)) for table in TABLES.values()}


def test_each_kind_of_source_ends_in_its_state(storage: Storage, layout: Layout) -> None:
    put(
        storage,
        a_pdf=digital_pdf(),
        b_png=scan(),
        copy_png=scan(),
        cut_pdf=digital_pdf()[:300],
        empty_pdf=b"",
        notes_xyz=bytes(range(256)) * 4,
    )
    published = pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {
        "a.pdf": "published",
        "b.png": "published",
        "copy.png": "skipped_duplicate",
        "cut.pdf": "quarantined_corrupt",
        "empty.pdf": "skipped_empty",
        "notes.xyz": "skipped_unsupported",
    }
    assert published.state_counts == dict(Counter(states(storage, layout).values()))
    assert unfinished_business(storage, layout, "run-1") == []
    assert {row["text_source"] for row in rows(storage, layout, PAGES)} == {"native", "ocr"}


def test_office_files_and_the_parts_of_mails_reach_the_lake(storage: Storage, layout: Layout) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ivanov@example.org", "Запрос цен"
    mail.set_content("Прошу направить предложение.")
    workbook = xlsx({"Цены": "<sheetData><row r='1'><c r='A1'><v>5</v></c></row></sheetData>"})
    mail.add_attachment(workbook, maintype="application", subtype="octet-stream", filename="Цены.xlsx")
    put(storage, spec_docx=docx(paragraph("Техническое задание")), request_eml=mail.as_bytes())
    pipeline.run(storage, layout, "run-1")
    found = {
        row["source_key"] + "|" + (row["archive_path"] or ""): row["state"] for row in rows(storage, layout, SOURCES)
    }
    assert {name.rpartition("inbox/")[2]: state for name, state in found.items()} == {
        "spec.docx|": "published",
        "request.eml|": "unpacked",
        "request.eml|message.txt": "published",
        "request.eml|Цены.xlsx": "published",
    }
    pages = rows(storage, layout, PAGES)
    assert {(row["text_source"], row["width_px"], tuple(row["quality_flags"])) for row in pages} == {("native", 0, ())}
    assert {row["language"] for row in pages} <= {"rus", None}


def test_without_ocr_the_digital_documents_are_published_and_the_others_wait(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf(), b_png=scan())
    found = pipeline.take(storage, layout, "run-1")
    pipeline.prepare_and_plan(storage, layout, found)
    published = pipeline.finish(storage, layout, found)
    assert states(storage, layout) == {"a.pdf": "published"}
    assert published.state_counts == {"published": 1, "left": 1}
    assert "no OCR result" in unfinished_business(storage, layout, "run-1")[0]

    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "published", "b.png": "published"}


def test_a_batch_that_was_never_prepared_waits_for_the_next_run(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf(), b_png=scan(1), c_png=scan(2))
    found = pipeline.take(storage, layout, "run-1")
    assert len(found.batch_keys) == 2
    shards = pipeline.prepare_and_plan(storage, layout, found.model_copy(update={"batch_keys": found.batch_keys[:1]}))
    for shard in shards:
        pipeline.read(storage, layout, shard)
    published = pipeline.finish(storage, layout, found)
    assert published.state_counts == {"published": 2, "left": 1}
    assert unfinished_business(storage, layout, "run-1") != []
    pipeline.run(storage, layout, "run-2")
    assert set(states(storage, layout).values()) == {"published"}


def test_publishing_again_changes_nothing(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf(pages=3), b_png=scan())
    pipeline.run(storage, layout, "run-1")
    before = counts(storage, layout)
    publishing.publish_run(storage, layout, "run-1")
    assert counts(storage, layout) == before
    assert before["documents"] == 2
    assert before["pages"] == 4


@pytest.mark.parametrize("name", ["verdicts", "reconciliation"])
def test_a_run_that_another_version_has_validated_is_validated_again(
    name: str, storage: Storage, layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    put(storage, a_pdf=digital_pdf())
    found = pipeline.take(storage, layout, "run-1")
    pipeline.prepare_and_plan(storage, layout, found)
    pipeline.check(storage, layout, found)
    key = layout.run("run-1", "validation.json")
    validation = json.loads(storage.get_bytes(key))
    other = {f"{name}_of_old" if field == name else field: value for field, value in validation.items()}
    storage.put_bytes(key, json.dumps(other).encode(), "application/json")
    published = publishing.publish_run(storage, layout, "run-1")
    assert published.state_counts == {"published": 1}
    assert json.loads(storage.get_bytes(key)) == validation
    assert f"Run run-1 is validated again, as another version of Tenderlake has written s3://{storage.bucket}/" in (
        caplog.text
    )


def test_a_run_that_died_while_publishing_is_finished_by_the_next_on_another_day(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, a_pdf=digital_pdf(), b_png=scan())
    first_night = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    found = pipeline.take(storage, layout, "run-1", now=first_night)
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
    pipeline.check(storage, layout, found)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        Crash(patch, lambda number, key: key.startswith("lake/documents/"))
        publishing.publish_run(storage, layout, "run-1")
    end_leases(storage, layout)
    assert (len(rows(storage, layout, PAGES)), len(rows(storage, layout, DOCUMENTS))) == (2, 0)

    found = pipeline.take(storage, layout, "run-2", now=first_night + timedelta(days=1))
    assert found.source_count == 2
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
    pipeline.finish(storage, layout, found)
    assert (len(rows(storage, layout, PAGES)), len(rows(storage, layout, DOCUMENTS))) == (2, 2)
    assert {day for day, _ in iter_table(storage, layout, PAGES)} == {date(2026, 3, 2)}
    assert list(storage.list_objects(layout.unfinished_publishing)) == []


def test_two_runs_with_the_same_bytes_publish_them_once(storage: Storage, layout: Layout) -> None:
    put(storage, a_png=scan())
    first = pipeline.take(storage, layout, "run-1", now=datetime(2026, 3, 1, tzinfo=UTC))
    put(storage, b_png=scan())
    second = pipeline.take(storage, layout, "run-2", now=datetime(2026, 3, 2, tzinfo=UTC), running=["run-1"])
    for found in (first, second):
        for shard in pipeline.prepare_and_plan(storage, layout, found):
            pipeline.read(storage, layout, shard)
    pipeline.finish(storage, layout, second)
    pipeline.finish(storage, layout, first)
    assert states(storage, layout) == {"a.png": "skipped_duplicate", "b.png": "published"}
    assert len(rows(storage, layout, DOCUMENTS)) == len(rows(storage, layout, PAGES)) == 1


def test_a_corrected_document_replaces_the_old_one(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf("Начальная цена контракта 100 рублей. " * 20))
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=digital_pdf("Начальная цена контракта 200 рублей. " * 20))
    pipeline.run(storage, layout, "run-2")
    documents, pages = rows(storage, layout, DOCUMENTS), rows(storage, layout, PAGES)
    assert len(documents) == len(pages) == 1
    assert "200 рублей" in pages[0]["text"]
    assert b"200" in storage.get_bytes("markdown/a.pdf.md")


def test_a_corrected_document_that_is_broken_leaves_the_old_one(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf())
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=digital_pdf()[:300])
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "quarantined_corrupt"}
    assert len(rows(storage, layout, DOCUMENTS)) == 1


def test_the_same_bytes_under_another_name_later_are_a_duplicate(storage: Storage, layout: Layout) -> None:
    put(storage, b_png=scan())
    pipeline.run(storage, layout, "run-1")
    put(storage, a_png=scan())
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.png": "skipped_duplicate", "b.png": "published"}
    assert len(rows(storage, layout, DOCUMENTS)) == 1


def test_a_document_moved_in_the_inbox_follows(storage: Storage, layout: Layout) -> None:
    put(storage, old_png=scan())
    pipeline.run(storage, layout, "run-1")
    storage.delete(["inbox/old.png"])
    put(storage, new_png=scan())
    pipeline.run(storage, layout, "run-2")
    assert rows(storage, layout, DOCUMENTS)[0]["source_key"] == "inbox/new.png"
    assert storage.exists("markdown/new.png.md")


def test_pages_are_read_once_however_often_a_document_is_processed(storage: Storage, layout: Layout) -> None:
    put(storage, b_png=scan())
    pipeline.run(storage, layout, "run-1")
    found = pipeline.take(storage, layout, "run-2", reprocess="all")
    assert pipeline.prepare_and_plan(storage, layout, found) == []


def test_failed_pages_are_read_again_when_asked(storage: Storage) -> None:
    faulty = {"fault": "exception", "fault_page_number": 1}
    layout = Layout(Settings(engine="faulty", engine_options=faulty))
    put(storage, b_png=scan())
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {"b.png": "quarantined_ocr_failed"}
    assert rows(storage, layout, DOCUMENTS) == []
    again = pipeline.take(storage, layout, "run-2", reprocess="quarantined")
    assert sum(len(shard.pages) for shard in pipeline.prepare_and_plan(storage, layout, again)) == 1


def test_a_document_with_a_failed_page_is_published_with_the_others(storage: Storage) -> None:
    faulty = {"fault": "exception", "fault_page_number": 2}
    layout = Layout(Settings(engine="faulty", engine_options=faulty, text_layer="ignore"))
    put(storage, a_pdf=digital_pdf(pages=3))
    pipeline.run(storage, layout, "run-1", text_layer="ignore")
    assert states(storage, layout) == {"a.pdf": "published_with_failed_pages"}
    document = rows(storage, layout, DOCUMENTS)[0]
    assert (document["page_count"], document["failed_pages"]) == (3, 1)
    pages = rows(storage, layout, PAGES)
    assert [page["text_source"] for page in pages] == ["ocr", "none", "ocr"]
    markdown = storage.get_bytes("markdown/a.pdf.md").decode()
    assert "Page 2 could not be read" in markdown


def test_a_doubtful_reading_is_published_with_its_flags(storage: Storage) -> None:
    looping = Layout(Settings(engine="null", engine_options={"text": "Поставка товара осуществляется партиями. " * 40}))
    put(storage, b_png=scan())
    pipeline.run(storage, looping, "run-1")

    flags = ["repetition", "text_on_blank_page"]
    assert states(storage, looping) == {"b.png": "published"}
    assert [page["quality_flags"] for page in rows(storage, looping, PAGES)] == [flags]
    document = rows(storage, looping, DOCUMENTS)[0]
    assert (document["quality_flags"], document["quality_grade"]) == (flags, "poor")
    assert "page 1: repetition, text_on_blank_page" in storage.get_bytes("markdown/b.png.md").decode()
    report = json.loads(storage.get_bytes("reports/run-1/report.json"))
    assert [source["doubtful_pages"] for source in report["sources"]] == [1]


@pytest.mark.parametrize("reason", [None, "1 of 2 blocks could not be read: out of time"])
def test_boxes_are_on_the_page_as_the_engine_turned_it(storage: Storage, reason: str | None) -> None:
    """Of a page that failed with blocks read as well."""
    layout = Layout(Settings(engine="null", text_layer="ignore"))
    put(storage, a_pdf=digital_pdf(pages=2))
    found = pipeline.take(storage, layout, "run-1", text_layer="ignore")
    (shard,) = pipeline.prepare_and_plan(storage, layout, found)
    pipeline.read(storage, layout, shard)
    key = shard.pages[0].result_key
    upright = PageResult.model_validate_json(storage.get_bytes(key))
    width_px, height_px = upright.height_px, upright.width_px
    turned = {
        "status": PageStatus.FAILED if reason else PageStatus.DONE,
        "reason": reason,
        "width_px": width_px,
        "height_px": height_px,
        "rotation_deg": 90,
        "blocks": (Block(label=BlockLabel.TEXT, bbox_px=(0, 0, width_px, height_px), content="Поставка товара"),),
    }
    storage.put_bytes(key, upright.model_copy(update=turned).model_dump_json().encode(), "application/json")
    pipeline.finish(storage, layout, found)

    assert states(storage, layout) == {"a.pdf": "published_with_failed_pages" if reason else "published"}
    pages = {page["page_number"]: page for page in rows(storage, layout, PAGES)}
    facts = ("width_px", "height_px", "rotation_deg", "image_rotation_deg")
    assert [pages[shard.pages[0].page_number][name] for name in facts] == [width_px, height_px, 90, 90]
    assert [pages[shard.pages[1].page_number][name] for name in facts] == [height_px, width_px, 0, 0]


@pytest.mark.parametrize(
    "written",
    [b"{}", b"not even JSON", b'{"status": "done"' + b" " * 33 * 2**20],
    ids=["incomplete", "no JSON", "33 MB"],
)
def test_a_result_that_is_none_costs_its_page_only(storage: Storage, layout: Layout, written: bytes) -> None:
    put(storage, b_png=scan(1), c_png=scan(2), d_pdf=digital_pdf())
    found = pipeline.take(storage, layout, "run-1")
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
        storage.put_bytes(shard.pages[0].result_key, written, "application/json")
    pipeline.finish(storage, layout, found)
    assert sorted(states(storage, layout).values()) == ["published", "published", "quarantined_ocr_failed"]
    pipeline.run(storage, layout, "run-2", reprocess="quarantined")
    assert set(states(storage, layout).values()) == {"published"}


def test_a_result_of_another_page_is_not_taken(storage: Storage, layout: Layout) -> None:
    put(storage, b_png=scan(1), c_png=scan(2))
    found = pipeline.take(storage, layout, "run-1")
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
        first, second = shard.pages
        storage.copy(first.result_key, second.result_key)
    pipeline.finish(storage, layout, found)
    assert sorted(states(storage, layout).values()) == ["published", "quarantined_ocr_failed"]


def test_a_source_that_changes_or_goes_before_it_is_read_is_left_for_the_next_run(
    storage: Storage, layout: Layout
) -> None:
    put(storage, a_pdf=digital_pdf(), b_png=scan(1), c_png=scan(2))
    found = pipeline.take(storage, layout, "run-1")
    put(storage, b_png=scan(3))
    storage.delete(["inbox/c.png"])
    for shard in pipeline.prepare_and_plan(storage, layout, found):
        pipeline.read(storage, layout, shard)
    published = pipeline.finish(storage, layout, found)
    assert published.state_counts == {"published": 1, "left": 2}
    assert unfinished_business(storage, layout, "run-1") == []
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "published", "b.png": "published"}


def test_a_run_that_cannot_be_finished_does_not_hold_up_the_next(storage: Storage, layout: Layout) -> None:
    storage.put_model(layout.publishing_mark("gone"), publishing.PublishingMark(run_id="gone"))
    put(storage, a_pdf=digital_pdf())
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {"a.pdf": "published"}
    assert list(storage.list_objects(layout.unfinished_publishing)) == []


def test_a_document_that_the_code_fails_on_costs_itself_only(
    storage: Storage, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, a_pdf=digital_pdf(), b_png=scan())

    def failing(filename: str, text: str) -> Classification:
        if filename == "a.pdf":
            raise RuntimeError("a fault of the code")
        return classify(filename, text)

    monkeypatch.setattr("tenderlake.assembly.classify", failing)
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {"a.pdf": "quarantined_invalid", "b.png": "published"}
    assert [row["source_key"] for row in rows(storage, layout, DOCUMENTS)] == ["inbox/b.png"]
    assert len(rows(storage, layout, PAGES)) == 1


def test_a_duplicate_waits_with_the_original_that_was_not_read(storage: Storage, layout: Layout) -> None:
    put(storage, a_png=scan(), b_png=scan())
    found = pipeline.take(storage, layout, "run-1")
    pipeline.prepare_and_plan(storage, layout, found)
    assert pipeline.finish(storage, layout, found).state_counts == {"left": 2}
    storage.delete(["inbox/a.png"])
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"b.png": "published"}


def test_a_duplicate_shares_the_quarantine_of_its_original(storage: Storage) -> None:
    layout = Layout(Settings(engine="faulty", engine_options={"fault": "exception", "fault_page_number": 1}))
    put(storage, a_png=scan(), b_png=scan())
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout) == {"a.png": "quarantined_ocr_failed", "b.png": "quarantined_ocr_failed"}


def test_a_duplicate_of_a_document_that_cannot_be_assembled_is_in_quarantine_with_it(
    storage: Storage, layout: Layout
) -> None:
    put(storage, a_pdf=digital_pdf(), b_pdf=digital_pdf("Другой договор. " * 30))
    data = storage.get_bytes("inbox/a.pdf")
    put(storage, c_pdf=data)
    found = pipeline.take(storage, layout, "run")
    assert not pipeline.prepare_and_plan(storage, layout, found)
    folder = layout.document(hashlib.sha256(data).hexdigest(), found.options.prepare_options.digest)
    storage.put_bytes(folder + NATIVE_PAGES_NAME, b"{}\n", "application/json")
    published = pipeline.finish(storage, layout, found)
    assert not published.left_reasons
    assert states(storage, layout) == {
        "a.pdf": "quarantined_invalid",
        "b.pdf": "published",
        "c.pdf": "quarantined_invalid",
    }


def test_when_the_original_is_corrected_its_duplicate_takes_the_document_over(storage: Storage, layout: Layout) -> None:
    old, new = digital_pdf("Старый договор поставки. " * 20), digital_pdf("Новый договор поставки. " * 20)
    put(storage, a_pdf=old, b_pdf=old)
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=new)
    pipeline.run(storage, layout, "run-2")
    pipeline.run(storage, layout, "run-3")
    assert states(storage, layout) == {"a.pdf": "published", "b.pdf": "published"}
    texts = {
        row["source_key"]: storage.get_bytes(row["markdown_key"]).decode() for row in rows(storage, layout, DOCUMENTS)
    }
    assert "Новый" in texts["inbox/a.pdf"]
    assert "Старый" in texts["inbox/b.pdf"]


def test_a_document_that_is_renamed_and_replaced_at_once_is_there_twice(storage: Storage, layout: Layout) -> None:
    old, new = digital_pdf("Старый договор поставки. " * 20), digital_pdf("Новый договор поставки. " * 20)
    put(storage, a_pdf=old)
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=new, old_pdf=old)
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "published", "old.pdf": "published"}
    assert {row["markdown_key"] for row in rows(storage, layout, DOCUMENTS)} == {
        "markdown/a.pdf.md",
        "markdown/old.pdf.md",
    }
    assert b"\xd0\xa1\xd1\x82\xd0\xb0\xd1\x80" in storage.get_bytes("markdown/old.pdf.md")


def test_a_document_broken_and_then_mended_leaves_nothing_of_the_first(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf("Первая редакция. " * 20))
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=digital_pdf()[:300])
    pipeline.run(storage, layout, "run-2")
    put(storage, a_pdf=digital_pdf("Вторая редакция. " * 20))
    pipeline.run(storage, layout, "run-3")
    assert len(rows(storage, layout, DOCUMENTS)) == len(rows(storage, layout, PAGES)) == 1


def test_a_document_that_becomes_empty_takes_its_markdown_along(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf())
    pipeline.run(storage, layout, "run-1")
    put(storage, a_pdf=b"")
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "skipped_empty"}
    assert (rows(storage, layout, DOCUMENTS), list(storage.list_objects("markdown/"))) == ([], [])


def test_the_same_bytes_uploaded_again_stay_published(storage: Storage, layout: Layout) -> None:
    put(storage, a_pdf=digital_pdf())
    pipeline.run(storage, layout, "run-1")
    client, where = storage.client, {"Bucket": storage.bucket, "Key": "inbox/a.pdf"}
    upload = client.create_multipart_upload(**where)["UploadId"]  # a multipart upload has another kind of ETag
    data = storage.get_bytes("inbox/a.pdf")
    part = client.upload_part(**where, UploadId=upload, PartNumber=1, Body=data)["ETag"]
    client.complete_multipart_upload(
        **where, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]}
    )
    assert pipeline.take(storage, layout, "probe").source_count == 1
    pipeline.run(storage, layout, "run-2")
    assert states(storage, layout) == {"a.pdf": "published"}
    assert len(rows(storage, layout, PAGES)) == 1


def test_a_duplicate_of_a_document_that_left_the_lake_meanwhile_is_not_lost(storage: Storage, layout: Layout) -> None:
    old, new = digital_pdf("Старый договор поставки. " * 20), digital_pdf("Новый договор поставки. " * 20)
    put(storage, a_pdf=old)
    pipeline.run(storage, layout, "run-1")
    put(storage, b_pdf=old)
    slow = pipeline.take(storage, layout, "run-2")
    pipeline.prepare_and_plan(storage, layout, slow)
    put(storage, a_pdf=new)
    fast = pipeline.take(storage, layout, "run-3", running=["run-2"])
    pipeline.prepare_and_plan(storage, layout, fast)
    pipeline.finish(storage, layout, fast)
    pipeline.finish(storage, layout, slow)
    pipeline.run(storage, layout, "run-4")
    assert states(storage, layout) == {"a.pdf": "published", "b.pdf": "published"}


def test_tender_id_comes_from_the_path(storage: Storage, layout: Layout) -> None:
    storage.put_bytes("inbox/44/0373200012326000457/Смета.png", scan(), "image/png")
    pipeline.run(storage, layout, "run-1")
    assert rows(storage, layout, SOURCES)[0]["tender_id"] == "0373200012326000457"


def test_work_of_a_hostile_engine_does_not_stop_the_others(storage: Storage) -> None:
    layout = Layout(Settings(engine="faulty", engine_options={"fault": "garbage", "fault_page_number": 1}))
    put(storage, b_png=scan(), a_pdf=digital_pdf())
    pipeline.run(storage, layout, "run-1")
    assert states(storage, layout)["a.pdf"] == "published"
    assert states(storage, layout)["b.png"] == "quarantined_ocr_failed"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep MuPDF's remarks on broken files out of the test output."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    yield
    pymupdf.TOOLS.mupdf_display_errors(True)
