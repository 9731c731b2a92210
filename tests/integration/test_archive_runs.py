"""Given archives in the inbox, this is what the lake holds: all stages but Airflow, with the null engine."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tenderlake.lake.schema import DOCUMENTS, SOURCES
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage
from tests import pipeline
from tests.archives import encrypted_zip_of, old_zip_of, zip_of
from tests.integration.test_pipeline import digital_pdf, rows, scan

pytestmark = pytest.mark.integration

CONTRACT, ESTIMATE = digital_pdf("Проект контракта на поставку кабеля. " * 20), digital_pdf("Смета на работы. " * 30)


def layout(**settings: Any) -> Layout:
    return Layout(Settings(engine="null", engine_options={"text": "прочитано"}, **settings))


def put(storage: Storage, name: str, data: bytes) -> None:
    storage.put_bytes(f"inbox/{name}", data, "application/octet-stream")


def states(storage: Storage) -> dict[str, str]:
    """Path of each source, in its archive too -> its state."""
    return {
        "/".join(part for part in (row["source_key"].removeprefix("inbox/"), row["archive_path"]) if part): row["state"]
        for row in rows(storage, layout(), SOURCES)
    }


def markdown(storage: Storage) -> set[str]:
    return {item.key.removeprefix("markdown/") for item in storage.list_objects("markdown/")}


def test_every_member_is_a_source_of_its_own(storage: Storage) -> None:
    inner = zip_of({"Смета.pdf": ESTIMATE, "подпись.sig": bytes.fromhex("308006092a864886f70d010702a0") + b"\0" * 50})
    put(storage, "0123/все.zip", old_zip_of({"Проект.pdf": CONTRACT, "Скан.png": scan(), "Лот.zip": inner}, "cp866"))
    published = pipeline.run(storage, layout(), "run")
    assert states(storage) == {
        "0123/все.zip": "unpacked",
        "0123/все.zip/Проект.pdf": "published",
        "0123/все.zip/Скан.png": "published",
        "0123/все.zip/Лот.zip": "unpacked",
        "0123/все.zip/Лот.zip/Смета.pdf": "published",
        "0123/все.zip/Лот.zip/подпись.sig": "skipped_unsupported",
    }
    assert published.state_counts == {"unpacked": 2, "published": 3, "skipped_unsupported": 1}
    assert not published.left_reasons
    assert markdown(storage) == {
        "0123/все.zip/Проект.pdf.md",
        "0123/все.zip/Скан.png.md",
        "0123/все.zip/Лот.zip/Смета.pdf.md",
    }
    assert pipeline.take(storage, layout(), "again").source_count == 0


def test_the_same_bytes_in_and_out_of_archives_are_one_document(storage: Storage) -> None:
    put(storage, "a.pdf", CONTRACT)
    put(storage, "b.zip", zip_of({"one.pdf": CONTRACT, "two.pdf": CONTRACT}))
    pipeline.run(storage, layout(), "run")
    assert sorted(states(storage).values()) == ["published", "skipped_duplicate", "skipped_duplicate", "unpacked"]
    assert len(rows(storage, layout(), DOCUMENTS)) == 1


def test_a_file_that_is_not_in_the_new_archive_leaves_the_lake(storage: Storage) -> None:
    put(storage, "a.zip", zip_of({"Проект.pdf": CONTRACT, "Смета.pdf": ESTIMATE, "bad.pdf": b"%PDF-1.7\n"}))
    pipeline.run(storage, layout(), "first")
    assert states(storage)["a.zip/bad.pdf"] == "quarantined_corrupt"
    put(storage, "a.zip", zip_of({"Проект.pdf": CONTRACT}))
    pipeline.run(storage, layout(), "second")
    assert states(storage) == {"a.zip": "unpacked", "a.zip/Проект.pdf": "published"}
    assert markdown(storage) == {"a.zip/Проект.pdf.md"}
    assert not list(storage.list_objects("quarantine/"))
    assert [row["archive_path"] for row in rows(storage, layout(), DOCUMENTS)] == ["Проект.pdf"]


def test_a_file_without_a_name_of_its_own_is_called_as_its_archive(storage: Storage) -> None:
    put(storage, "Проект контракта.pdf.gz", gzip.compress(CONTRACT))
    pipeline.run(storage, layout(), "run")
    assert [row["filename"] for row in rows(storage, layout(), DOCUMENTS)] == ["Проект контракта.pdf"]
    assert markdown(storage) == {"Проект контракта.pdf.gz/Проект контракта.pdf.md"}


def test_while_the_new_archive_is_in_quarantine_the_old_files_stay(storage: Storage) -> None:
    put(storage, "a.zip", zip_of({"Проект.pdf": CONTRACT}))
    pipeline.run(storage, layout(), "first")
    put(storage, "a.zip", zip_of({"Проект.pdf": CONTRACT})[:-40])
    pipeline.run(storage, layout(), "second")
    assert states(storage) == {"a.zip": "quarantined_corrupt", "a.zip/Проект.pdf": "published"}


def test_a_password_that_is_added_later_opens_what_was_in_quarantine(storage: Storage) -> None:
    put(storage, "a.zip", encrypted_zip_of({"Проект.pdf": CONTRACT}, "закупки"))
    put(storage, "b.zip", zip_of({"inner.zip": encrypted_zip_of({"Смета.pdf": ESTIMATE}, "закупки")}))
    pipeline.run(storage, layout(), "first")
    assert states(storage) == {
        "a.zip": "quarantined_encrypted",
        "b.zip": "unpacked",
        "b.zip/inner.zip": "quarantined_encrypted",
    }
    pipeline.run(storage, layout(passwords=("закупки",)), "second", reprocess="quarantined")
    assert states(storage) == {
        "a.zip": "unpacked",
        "a.zip/Проект.pdf": "published",
        "b.zip": "unpacked",
        "b.zip/inner.zip": "unpacked",
        "b.zip/inner.zip/Смета.pdf": "published",
    }
    assert not list(storage.list_objects("quarantine/"))


def test_an_archive_deeper_than_allowed_is_quarantined_and_its_neighbours_are_read(storage: Storage) -> None:
    deep = zip_of({"3.zip": zip_of({"Смета.pdf": ESTIMATE}), "Проект.pdf": CONTRACT})
    put(storage, "1.zip", zip_of({"2.zip": deep}))
    pipeline.run(storage, layout(max_archive_depth=2), "run")
    assert states(storage) == {
        "1.zip": "unpacked",
        "1.zip/2.zip": "unpacked",
        "1.zip/2.zip/3.zip": "quarantined_archive_bomb",
        "1.zip/2.zip/Проект.pdf": "published",
    }


def test_many_small_archives_in_one_count_together(storage: Storage) -> None:
    inner = zip_of({f"{number}.txt": b"x" for number in range(40)})
    put(storage, "many.zip", zip_of({f"{number}.zip": inner + bytes([number]) for number in range(10)}))
    pipeline.run(storage, layout(max_archive_members=100), "run")
    found = states(storage)
    assert found["many.zip"] == "unpacked"
    assert sum(state == "unpacked" for state in found.values()) == 3
    assert sum(state == "quarantined_archive_bomb" for state in found.values()) == 8
