"""Old Excel workbooks that are locked, damaged or written by other programs are known and opened."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import olefile
import pytest
import xlwt

from tenderlake.pageflags import PageFlag
from tenderlake.states import SourceState
from tests.encryptedxls import encrypted_xls
from tests.officefiles import ole
from tests.prepared import prepared, rejected

pytestmark = pytest.mark.unit


def workbook_stream(*names: str) -> bytes:
    """The stream of a workbook of one sheet with these names one below the other."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Смета")
    for row, name in enumerate(names):
        sheet.write(row, 0, name)
    buffer = io.BytesIO()
    book.save(buffer)
    with olefile.OleFileIO(buffer) as plain:
        return bytes(plain.openstream("Workbook").read())


def workbook(password: str) -> bytes:
    return encrypted_xls(workbook_stream(*(f"Наименование работ {row}" for row in range(60))), password)


def test_an_old_workbook_with_a_password_opens_with_one_of_the_list(tmp_path: Path) -> None:
    data = workbook("закупки")
    refused = rejected(tmp_path, data, passwords=("1234", "a password of more letters than the format takes"))
    assert refused.state is SourceState.QUARANTINED_ENCRYPTED
    assert refused.reason == "it needs a password that is not in TENDERLAKE_PASSWORDS"
    found = prepared(tmp_path, data, passwords=("1234", "закупки"))
    assert "Наименование работ 59" in found.texts()[-1]


def test_a_workbook_that_only_forbids_changes_opens_without_a_password(tmp_path: Path) -> None:
    assert "Наименование работ 0" in prepared(tmp_path, workbook("VelvetSweatshop")).texts()[-1]


def test_the_names_of_streams_may_be_in_capitals(tmp_path: Path) -> None:
    assert "Итого" in prepared(tmp_path, ole({"WORKBOOK": workbook_stream("Итого")})).texts()[-1]


def test_a_note_that_the_library_refuses_costs_no_sheet(tmp_path: Path) -> None:
    stream = workbook_stream("Итого")
    head, end = stream[: stream.rindex(b"\x0a\0\0\0")], stream[stream.rindex(b"\x0a\0\0\0") :]
    note = struct.pack("<HHHHHHH", 0, 0, 0, 1, 4, 0, 0) + "Автор и ещё".encode("cp1251")
    found = prepared(tmp_path, ole({"Workbook": head + struct.pack("<HH", 0x1C, len(note)) + note + end}))
    assert "Итого" in found.texts()[-1]
    assert found.manifest.pages[0].quality_flags == (PageFlag.REPAIRED_FILE.value,)
