"""Given an archive, these members come out of it, each as a file or with the reason why not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest
import pyzipper
from hypothesis import given
from hypothesis import strategies as st

from tenderlake.documents import PrepareLimits, PrepareOptions, Rejection, Unpacking
from tenderlake.intake import prepare_document
from tenderlake.intake.membernames import UnsafeNameError, decode_names, safe_path, unique_paths
from tenderlake.states import SourceState
from tests.archives import (
    encrypted_zip_of,
    old_zip_of,
    rar5_of,
    rar_of,
    seven_zip_of,
    seven_zip_of_blocks,
    zip_of,
    zip_with_link,
)

pytestmark = pytest.mark.unit

MEMBERS = {"Документация/Проект контракта № 3.docx": b"contract", "Смета.xlsx": b"estimate" * 1000, "empty.txt": b""}


def tar_of(members: Mapping[str, bytes], encoding: str = "utf-8") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def opened(
    tmp_path: Path, data: bytes, *, passwords: tuple[str, ...] = (), limits: PrepareLimits | None = None
) -> Unpacking | Rejection:
    path = tmp_path / "archive"
    path.write_bytes(data)
    outcome = prepare_document(
        path,
        tmp_path / "out",
        document_id="0" * 64,
        options=PrepareOptions(),
        limits=limits or PrepareLimits(),
        passwords=passwords,
    )
    assert isinstance(outcome, Unpacking | Rejection)
    return outcome


def contents(tmp_path: Path, outcome: Unpacking | Rejection) -> dict[str, bytes | SourceState]:
    """Path of each member -> its bytes, or the state it ends in."""
    assert isinstance(outcome, Unpacking), outcome
    return {
        member.archive_path: member.rejection.state
        if member.rejection
        else (tmp_path / "out" / str(member.file_name)).read_bytes()
        for member in outcome.members
    }


@pytest.mark.parametrize(
    "archived",
    [
        zip_of,
        lambda members: old_zip_of(members, "cp866"),
        lambda members: old_zip_of(members, "cp1251"),
        lambda members: old_zip_of(members, "koi8_r"),
        lambda members: old_zip_of(members, "utf-8"),
        seven_zip_of,
        rar_of,
        tar_of,
        lambda members: tar_of(members, "cp1251"),
        lambda members: gzip.compress(tar_of(members)),
        lambda members: bz2.compress(tar_of(members)),
        lambda members: lzma.compress(tar_of(members)),
    ],
    ids=["zip", "cp866", "cp1251", "koi8-r", "utf-8", "7z", "rar", "tar", "tar-cp1251", "tar.gz", "tar.bz2", "tar.xz"],
)
def test_every_member_comes_out_under_its_name(tmp_path: Path, archived: Callable[[dict[str, bytes]], bytes]) -> None:
    members = {name.replace("№", "N"): data for name, data in MEMBERS.items()}  # cp866 and KOI8-R have no №
    assert contents(tmp_path, opened(tmp_path, archived(members))) == members


def test_a_name_with_a_unicode_field_is_believed(tmp_path: Path) -> None:
    data = old_zip_of({"Akt.pdf": b"x"}, "ascii")
    field = struct.pack("<BI", 1, zlib.crc32(b"Akt.pdf")) + "Акт №1.pdf".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    directory = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = bytearray(data[directory:end])
    struct.pack_into("<H", entry, 30, len(extra))
    size = struct.pack("<I", len(entry) + len(extra))
    changed = data[:directory] + bytes(entry) + extra + data[end : end + 12] + size + data[end + 16 :]
    assert contents(tmp_path, opened(tmp_path, changed)) == {"Акт №1.pdf": b"x"}


def test_a_single_compressed_file_is_a_member(tmp_path: Path) -> None:
    assert contents(tmp_path, opened(tmp_path, gzip.compress(b"%PDF-1.7"))) == {"content": b"%PDF-1.7"}


@pytest.mark.parametrize(
    "archived",
    [
        lambda password: encrypted_zip_of(MEMBERS, password),
        lambda password: seven_zip_of(MEMBERS, password),
        lambda password: seven_zip_of(MEMBERS, password, hides_names=True),
    ],
    ids=["zip", "7z", "7z with hidden names"],
)
def test_passwords_of_the_list_are_tried(tmp_path: Path, archived: Callable[[str], bytes]) -> None:
    data = archived("закупки-2026")
    refused = opened(tmp_path, data, passwords=("1234", "zakupki"))
    assert isinstance(refused, Rejection)
    assert refused.state is SourceState.QUARANTINED_ENCRYPTED
    assert "TENDERLAKE_PASSWORDS" in refused.reason
    assert contents(tmp_path, opened(tmp_path, data, passwords=("1234", "закупки-2026"))) == MEMBERS


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\Windows\\x.pdf", "a/../../b", ""])
def test_a_name_that_leads_outside_is_refused_and_the_others_come_out(tmp_path: Path, name: str) -> None:
    outcome = contents(tmp_path, opened(tmp_path, old_zip_of({name: b"evil", "good.txt": b"good"}, "ascii")))
    assert outcome == {"member 1": SourceState.QUARANTINED_CORRUPT, "good.txt": b"good"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive", "member-000002", "out", "unpacking.json"]


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    assert contents(tmp_path, opened(tmp_path, zip_with_link("link.pdf", "/etc/passwd"))) == {
        "link.pdf": SourceState.SKIPPED_UNSUPPORTED
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("hard", tarfile.LNKTYPE), ("soft", tarfile.SYMTYPE), ("pipe", tarfile.FIFOTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert set(contents(tmp_path, opened(tmp_path, buffer.getvalue())).values()) == {SourceState.SKIPPED_UNSUPPORTED}


def test_two_members_of_one_name_are_both_kept(tmp_path: Path) -> None:
    data = old_zip_of({"a.pdf": b"one", "b.pdf": b"two"}, "ascii").replace(b"b.pdf", b"a.pdf")
    assert contents(tmp_path, opened(tmp_path, data)) == {"a.pdf": b"one", "a (2).pdf": b"two"}


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(old_zip_of({"bad.txt": b"12345678", "good.txt": b"abcdefgh"}, "ascii"))
    data[data.index(b"12345678")] ^= 0xFF
    outcome = contents(tmp_path, opened(tmp_path, bytes(data)))
    assert outcome == {"bad.txt": SourceState.QUARANTINED_CORRUPT, "good.txt": b"abcdefgh"}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (PrepareLimits(max_archive_members=2), "TENDERLAKE_MAX_ARCHIVE_MEMBERS"),
        (PrepareLimits(max_unpacked_bytes=5000), "TENDERLAKE_MAX_UNPACKED_BYTES"),
    ],
)
@pytest.mark.parametrize("archived", [zip_of, seven_zip_of, rar_of, tar_of], ids=["zip", "7z", "rar", "tar"])
def test_a_bomb_is_stopped_while_it_unpacks(
    tmp_path: Path, archived: Callable[[Mapping[str, bytes]], bytes], limits: PrepareLimits, words: str
) -> None:
    outcome = opened(tmp_path, archived(MEMBERS), limits=limits)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_ARCHIVE_BOMB
    assert words in outcome.reason


def test_a_high_ratio_is_a_bomb_once_it_is_large(tmp_path: Path) -> None:
    outcome = opened(tmp_path, zip_of({"zeros": b"\0" * (80 * 2**20)}))
    assert isinstance(outcome, Rejection)
    assert (outcome.state, "TENDERLAKE_MAX_UNPACK_RATIO" in outcome.reason) == (
        SourceState.QUARANTINED_ARCHIVE_BOMB,
        True,
    )


def test_a_member_over_the_size_of_documents_costs_only_itself(tmp_path: Path) -> None:
    outcome = opened(tmp_path, zip_of(MEMBERS), limits=PrepareLimits(max_document_bytes=1000))
    assert contents(tmp_path, outcome) == {**MEMBERS, "Смета.xlsx": SourceState.QUARANTINED_TOO_LARGE}


def test_members_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    data = bytearray(old_zip_of({"a": b"x" * 100, "b": b"x" * 100}, "ascii"))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 0)  # the second entry points at the bytes of the first
    outcome = opened(tmp_path, bytes(data))
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_ARCHIVE_BOMB


@pytest.mark.parametrize("archived", [zip_of, seven_zip_of, rar_of, lambda m: gzip.compress(tar_of(m))])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_archive_says_so_and_gives_nothing_wrong(
    tmp_path: Path, archived: Callable[[Mapping[str, bytes]], bytes], share: float
) -> None:
    data = archived(MEMBERS)
    outcome = opened(tmp_path, data[: int(len(data) * share)])
    if isinstance(outcome, Rejection):
        assert outcome.state in (SourceState.QUARANTINED_CORRUPT, SourceState.SKIPPED_UNSUPPORTED)
        return
    found = contents(tmp_path, outcome)
    assert SourceState.QUARANTINED_CORRUPT in found.values()
    assert all(data == MEMBERS[name] for name, data in found.items() if isinstance(data, bytes))


@given(st.lists(st.text(min_size=1, max_size=40), max_size=8))
def test_paths_are_safe_and_unique_whatever_the_names(names: list[str]) -> None:
    paths = []
    for name in names:
        try:
            paths.append(safe_path(name))
        except UnsafeNameError:
            continue
    for path in unique_paths(paths):
        assert not path.startswith("/")
        assert not {"", ".", ".."} & set(path.split("/"))
    assert len(set(unique_paths(paths))) == len(paths)


@pytest.mark.parametrize(
    "name",
    ["Договор.pdf", "Техническое задание.docx", "НМЦК.xlsx", "ОБОСНОВАНИЕ ЦЕНЫ.doc", "Лот 1/смета.xls", "Акт", "ТЗ"],
)
@pytest.mark.parametrize("code_page", ["cp866", "cp1251", "utf-8"])
def test_one_short_name_is_enough_to_tell_its_code_page(name: str, code_page: str) -> None:
    assert decode_names([name.encode(code_page)]) == [name]


@pytest.mark.parametrize("archived", [rar_of, rar5_of], ids=["rar", "rar5"])
def test_members_of_a_rar_may_need_different_passwords(
    tmp_path: Path, archived: Callable[[Mapping[str, bytes], Mapping[str, str]], bytes]
) -> None:
    members = {"open.txt": b"open", "a.pdf": b"one" * 100, "b.pdf": b"two" * 100, "c.pdf": b"three" * 100}
    data = archived(members, {"a.pdf": "закупки", "b.pdf": "2026", "c.pdf": "nobody knows"})
    outcome = contents(tmp_path, opened(tmp_path, data, passwords=("1234", "закупки", "2026")))
    assert outcome == {**members, "c.pdf": SourceState.QUARANTINED_ENCRYPTED}
    assert contents(tmp_path, opened(tmp_path, data)) == {
        "open.txt": b"open",
        **dict.fromkeys(("a.pdf", "b.pdf", "c.pdf"), SourceState.QUARANTINED_ENCRYPTED),
    }


def test_the_names_in_a_rar_may_need_a_password_too(tmp_path: Path) -> None:
    data = rar5_of(
        {"a.pdf": b"one", "b.pdf": b"two"}, dict.fromkeys(("a.pdf", "b.pdf"), "закупки"), hides_names="закупки"
    )
    refused = opened(tmp_path, data, passwords=("1234",))
    assert isinstance(refused, Rejection)
    assert refused.state is SourceState.QUARANTINED_ENCRYPTED
    outcome = contents(tmp_path, opened(tmp_path, data, passwords=("1234", "закупки")))
    assert outcome == {"a.pdf": b"one", "b.pdf": b"two"}


def test_an_old_archiver_writes_the_password_in_its_own_code_page(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword("закупки".encode("cp866"))
        archive.writestr("a.pdf", b"one")
    assert contents(tmp_path, opened(tmp_path, buffer.getvalue(), passwords=("закупки",))) == {"a.pdf": b"one"}


def test_blocks_of_a_seven_zip_may_need_different_passwords(tmp_path: Path) -> None:
    data = seven_zip_of_blocks(
        ({"open.txt": b"open", "two.txt": b"2" * 900}, None),
        ({"a.pdf": b"one" * 100, "b.pdf": b"two"}, "закупки"),
        ({"c.pdf": b"three" * 100}, "2026"),
        ({"d.pdf": b"four" * 100}, "nobody knows"),
    )
    expected = {"open.txt": b"open", "two.txt": b"2" * 900, "a.pdf": b"one" * 100, "b.pdf": b"two",
                "c.pdf": b"three" * 100, "d.pdf": SourceState.QUARANTINED_ENCRYPTED}  # fmt: skip
    assert contents(tmp_path, opened(tmp_path, data, passwords=("1234", "закупки", "2026"))) == expected
    locked = dict.fromkeys(("a.pdf", "b.pdf", "c.pdf", "d.pdf"), SourceState.QUARANTINED_ENCRYPTED)
    assert contents(tmp_path, opened(tmp_path, data)) == {**expected, **locked}


def test_a_damaged_block_of_a_seven_zip_costs_only_itself(tmp_path: Path) -> None:
    noise = Random(1).randbytes(500)  # noqa: S311  # nothing to compress: it lies in the archive as it is
    data = bytearray(seven_zip_of_blocks(({"good.txt": b"good" * 50}, None), ({"bad.txt": noise}, None)))
    data[data.index(noise[100:150])] ^= 0xFF
    outcome = contents(tmp_path, opened(tmp_path, bytes(data)))
    assert outcome == {"good.txt": b"good" * 50, "bad.txt": SourceState.QUARANTINED_CORRUPT}


def test_a_way_of_packing_that_is_not_known_is_no_damage(tmp_path: Path) -> None:
    data = zip_of({"a.txt": b"one" * 50, "b.txt": b"two" * 50})
    zstandard, deflate = struct.pack("<H", 93), struct.pack("<H", 8)
    local = data.index(b"PK\x03\x04", 1)
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    for place in (local + 8, directory + 10):
        assert data[place : place + 2] == deflate
        data = data[:place] + zstandard + data[place + 2 :]
    outcome = opened(tmp_path, data)
    assert contents(tmp_path, outcome) == {"a.txt": b"one" * 50, "b.txt": SourceState.SKIPPED_UNSUPPORTED}
    assert isinstance(outcome, Unpacking)
    assert outcome.members[1].rejection is not None
    assert "pack it anew" in outcome.members[1].rejection.reason


def test_a_member_goes_by_its_name_in_the_directory(tmp_path: Path) -> None:
    data = zip_of({"renamed.txt": b"one"})
    data = data.replace(b"renamed.txt", b"another.txt", 1)
    assert contents(tmp_path, opened(tmp_path, data)) == {"renamed.txt": b"one"}


@pytest.mark.parametrize("archived", [zip_of, rar_of], ids=["zip", "rar"])
def test_an_archive_that_unpacks_itself_is_unpacked_here(
    tmp_path: Path, archived: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    program = b"MZ" + b"\x90" * 3000
    assert contents(tmp_path, opened(tmp_path, program + archived(MEMBERS))) == MEMBERS


def test_bytes_before_an_archive_do_no_harm(tmp_path: Path) -> None:
    assert contents(tmp_path, opened(tmp_path, b"\0" * 700 + zip_of(MEMBERS))) == MEMBERS
