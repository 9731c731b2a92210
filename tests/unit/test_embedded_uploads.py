"""Which files go into the inbox, under which keys, and which are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.uploads import Comparison, LocalDocument, compare, find_documents, local_etags
from tenderlake.storage import ObjectInfo

pytestmark = pytest.mark.unit


def a_file(path: Path, data: bytes = b"data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def known(size_bytes: int, etag: str) -> ObjectInfo:
    return ObjectInfo("inbox/a", etag, size_bytes, datetime.now(UTC))


def test_sub_folders_are_kept_and_hidden_files_left_out(tmp_path: Path) -> None:
    a_file(tmp_path / "0173/Приложение 1/ТЗ.pdf")
    a_file(tmp_path / "смета.xlsx")
    a_file(tmp_path / ".DS_Store")
    a_file(tmp_path / ".git/config")
    keys = [document.key for document in find_documents(tmp_path, "inbox/")]
    assert keys == ["inbox/0173/Приложение 1/ТЗ.pdf", "inbox/смета.xlsx"]


def test_names_that_the_file_system_took_apart_are_put_together(tmp_path: Path) -> None:
    """MacOS keeps й as two characters; S3 would take that for another key."""
    a_file(tmp_path / unicodedata.normalize("NFD", "Сводный расчёт.pdf"))
    assert [document.key for document in find_documents(tmp_path, "inbox/")] == ["inbox/Сводный расчёт.pdf"]


def test_one_file_may_be_given(tmp_path: Path) -> None:
    file = a_file(tmp_path / "далеко" / "ТЗ.pdf", b"12345")
    assert find_documents(file, "inbox/") == [LocalDocument(file, "inbox/ТЗ.pdf", 5)]


@pytest.mark.parametrize(("folder", "message"), [("nowhere", "no such folder"), (".", "no documents")])
def test_a_folder_without_documents_says_so(tmp_path: Path, folder: str, message: str) -> None:
    with pytest.raises(EmbeddedError, match=message):
        find_documents(tmp_path / folder, "inbox/")


def test_a_path_too_long_for_s3_is_named(tmp_path: Path) -> None:
    a_file(tmp_path / ("д" * 100) / ("о" * 100) / ("к" * 100) / ("у" * 100) / ("м" * 100) / "длинное имя.pdf")
    with pytest.raises(EmbeddedError, match="1024 bytes"):
        find_documents(tmp_path, "inbox/")


def test_what_was_sent_before_is_the_same(tmp_path: Path) -> None:
    document = find_documents(a_file(tmp_path / "a.pdf", b"hello"), "inbox/")[0]
    assert compare(document, None) is Comparison.NEW
    assert compare(document, known(5, "5d41402abc4b2a76b9719d911017c592")) is Comparison.SAME  # md5 of hello
    assert compare(document, known(5, "00000000000000000000000000000000")) is Comparison.CHANGED
    assert compare(document, known(6, "5d41402abc4b2a76b9719d911017c592")) is Comparison.CHANGED


def test_large_files_have_the_etag_of_their_parts(tmp_path: Path) -> None:
    """The figure is what a real S3 answered for 20 000 000 bytes of z, sent by boto3 in parts of 8 MiB."""
    file = a_file(tmp_path / "z", b"z" * 20_000_000)
    assert "fc992efb55582545f5e9f9c0eb155bfd-3" in local_etags(file)


@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_folder_that_is_not_there_is_told_before_anything_is_started(command: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-m", "tenderlake.embedded", command, str(tmp_path / "no such folder")],
        env={**os.environ, "TENDERLAKE_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: DOCS={tmp_path / 'no such folder'}: there is no such folder\n"
    assert not state.exists()


def test_a_backslash_in_a_name_parts_folders_as_the_server_has_it(tmp_path: Path) -> None:
    """So are files called that come from an archive of Windows; SeaweedFS stores such a key as a path."""
    a_file(tmp_path / "Приложение 1\\ТЗ.pdf")
    assert [document.key for document in find_documents(tmp_path, "inbox/")] == ["inbox/Приложение 1/ТЗ.pdf"]


@pytest.mark.parametrize("name", ["\\ТЗ.pdf", "а\\/ТЗ.pdf", "а\\\\ТЗ.pdf", "а\\..\\..\\ТЗ.pdf", "а\\"])
def test_a_backslash_that_makes_no_path_is_named(tmp_path: Path, name: str) -> None:
    a_file(tmp_path / name)
    with pytest.raises(EmbeddedError, match=r"backslash.*rename"):
        find_documents(tmp_path, "inbox/")


def test_two_files_for_one_key_are_named(tmp_path: Path) -> None:
    """One would take the place of the other, and both would be sent again each time."""
    a_file(tmp_path / "а" / "ТЗ.pdf", b"one")
    a_file(tmp_path / "а\\ТЗ.pdf", b"other")
    with pytest.raises(EmbeddedError, match=r"а/ТЗ\.pdf and .*а\\ТЗ\.pdf .*inbox/а/ТЗ\.pdf.*rename one"):
        find_documents(tmp_path, "inbox/")
