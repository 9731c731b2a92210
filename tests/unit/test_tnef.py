"""What Outlook sends as ``winmail.dat`` gives its message and the files in it."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.documents import Rejection
from tenderlake.intake.outcome import RejectedError
from tenderlake.intake.tnef import read_tnef
from tenderlake.states import SourceState
from tests.officefiles import scan
from tests.prepared import rejected, unpacked
from tests.tneffiles import BINARY, LONG, MESSAGE_INTERFACE, NARROW, OBJECT, TIME, WIDE, attachment, tnef

pytestmark = pytest.mark.unit

SENT = (1_768_892_400 + 11_644_473_600) * 10_000_000


def test_the_files_in_winmail_dat_are_not_lost(tmp_path: Path) -> None:
    data = tnef(
        {
            (0x8005, WIDE): "Отдел закупок".encode("utf-16-le"),
            (0x0C1A, NARROW): "Иванов".encode("cp1251") + b"\0",
            (0x5D01, WIDE): "ivanov@example.org".encode("utf-16-le"),
            (0x0039, TIME): SENT,
            (0x0017, LONG): 1,
            (0x1000, WIDE): "Цена 100 руб.".encode("utf-16-le"),
        },
        [
            attachment("СМЕТА~1.XLS".encode("cp1251"), b"PK data", {(0x3707, WIDE): "Смета.xlsx".encode("utf-16-le")}),
            attachment("Договор.doc".encode("cp1251"), b"\xd0\xcf"),
        ],
        subject="Запрос".encode("cp1251"),
    )
    members = unpacked(tmp_path, data)
    assert list(members) == ["message.txt", "Смета.xlsx", "Договор.doc"]
    body = members["message.txt"]
    assert isinstance(body, bytes)
    assert body.decode().splitlines() == [
        "",
        "From: Иванов <ivanov@example.org>",
        "Date: Tue, 20 Jan 2026 07:00:00 +0000",
        "Subject: Запрос",
        "Files: Смета.xlsx; Договор.doc",
        "",
        "Цена 100 руб.",
    ]
    assert members["Смета.xlsx"] == b"PK data"
    assert members["Договор.doc"] == b"\xd0\xcf"


def test_a_message_attached_to_a_message_is_unpacked_with_it(tmp_path: Path) -> None:
    inner = tnef({(0x1000, WIDE): "Во вложении.".encode("utf-16-le")}, [attachment(b"a.pdf", b"%PDF-")])
    held = {(0x3701, OBJECT): MESSAGE_INTERFACE + inner, (0x3001, WIDE): "Ответ".encode("utf-16-le")}
    members = unpacked(tmp_path, tnef({}, [attachment(b"", b"", held)]))
    assert list(members) == ["Ответ/message.txt", "Ответ/a.pdf"]


def test_an_object_keeps_its_bytes_and_a_logo_of_the_layout_is_left_out(tmp_path: Path) -> None:
    logo = {(0x3712, WIDE): "logo@1".encode("utf-16-le"), (0x3701, BINARY): scan(100, 50)}
    members = unpacked(
        tmp_path,
        tnef({}, [attachment(b"o", b"", {(0x3701, OBJECT): b"i" * 16 + b"OLE"}), attachment(b"l.png", b"", logo)]),
    )
    assert members["o"] == b"OLE"
    assert not isinstance(members["l.png"], bytes)


def test_winmail_dat_in_an_email_is_a_member_that_is_unpacked_itself(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@example.org", "Запрос"
    mail.set_content("См. вложение")
    wrapped = tnef({}, [attachment(b"a.pdf", b"%PDF-")])
    mail.add_attachment(wrapped, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert base64.b64encode(wrapped)[:20] in mail.as_bytes()
    inner = unpacked(tmp_path, mail.as_bytes())["winmail.dat"]
    assert isinstance(inner, bytes)
    (tmp_path / "inner").mkdir()
    assert unpacked(tmp_path / "inner", inner) == {"a.pdf": b"%PDF-"}


def test_one_that_is_cut_off_says_so(tmp_path: Path) -> None:
    rejection = rejected(tmp_path, tnef({}, [attachment(b"a.pdf", b"%PDF-" * 100)])[:-200])
    assert rejection.state is SourceState.QUARANTINED_CORRUPT
    assert "winmail.dat" in rejection.reason


@pytest.mark.parametrize("size", [4, 6, 12])
def test_one_that_ends_before_its_first_words_is_damaged(tmp_path: Path, size: int) -> None:
    whole = tnef({(0x1000, WIDE): "Цена".encode("utf-16-le")})
    assert rejected(tmp_path, whole[:size]).state is SourceState.QUARANTINED_CORRUPT


def _texts(members: dict[str, bytes | Rejection]) -> dict[str, str | SourceState]:
    return {
        path: member.decode().split("\n\n")[-1] if isinstance(member, bytes) else member.state
        for path, member in members.items()
    }


def test_a_property_of_an_unknown_type_costs_nothing_where_its_end_can_be_found(tmp_path: Path) -> None:
    """Types that no standard of TNEF has, such as that of a server's entry (0xFB), have their size before them."""
    properties: dict[tuple[int, int], bytes | int] = {
        (0x0037, WIDE): "Запрос".encode("utf-16-le"),
        (0x0E79, 0xFB): b"\1" * 21,
        (0x1000, WIDE): "Цена 100 руб.".encode("utf-16-le"),
    }
    members = unpacked(tmp_path, tnef(properties, [attachment(b"a.pdf", b"%PDF-")]))
    assert _texts(members) == {"message.txt": "Цена 100 руб.", "a.pdf": "%PDF-"}


def test_a_property_whose_end_cannot_be_found_costs_those_behind_it(tmp_path: Path) -> None:
    properties: dict[tuple[int, int], bytes | int] = {
        (0x1000, WIDE): "Цена 100 руб.".encode("utf-16-le"),
        (0x0E79, 0x77): 0xFFFF_FFFF,  # makes no sense as a number of values
        (0x0037, WIDE): "Запрос".encode("utf-16-le"),
    }
    members = unpacked(tmp_path, tnef(properties, [attachment(b"a.pdf", b"%PDF-")]))
    assert _texts(members) == {
        "message.txt": "Цена 100 руб.",
        "a.pdf": "%PDF-",
        "rest of the message": SourceState.QUARANTINED_CORRUPT,
    }
    assert members["rest of the message"] == Rejection(
        state=SourceState.QUARANTINED_CORRUPT,
        reason="damaged in the message: it is cut off, or of a type that is not known here",
    )


def test_a_file_that_is_cut_off_does_not_cost_what_came_before_it(tmp_path: Path) -> None:
    files = [attachment(b"a.pdf", b"%PDF-"), attachment(b"b.pdf", b"%PDF-" * 100)]
    members = unpacked(tmp_path, tnef({(0x1000, WIDE): "Цена".encode("utf-16-le")}, files)[:-200])
    assert _texts(members) == {
        "message.txt": "Цена",
        "a.pdf": "%PDF-",
        "b.pdf": SourceState.QUARANTINED_CORRUPT,
    }


@given(st.binary(max_size=200), st.integers(6, 400))
def test_no_bytes_break_the_reading(noise: bytes, place: int) -> None:
    whole = tnef({(0x1000, WIDE): b"a\0", (0x8001, LONG): 1}, [attachment(b"a", b"b", {(0x3701, BINARY): b"c"})])
    try:
        read_tnef(whole[:place] + noise + whole[place + len(noise) :])
    except RejectedError as error:
        assert error.rejection.state is SourceState.QUARANTINED_CORRUPT
