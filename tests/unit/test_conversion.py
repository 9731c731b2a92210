"""Given a document that no reader here knows, LibreOffice converts it where there is one, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenderlake.documents import DocumentManifest, PrepareLimits, PrepareOptions, Rejection
from tenderlake.intake import prepare_document
from tenderlake.intake.outcome import ConverterNeededError
from tenderlake.intake.sniffing import ConvertedFormat
from tenderlake.sandbox import PrepareSandbox
from tenderlake.states import SourceState
from tests.officefiles import doc, odf, ole, zipped
from tests.pdfs import RUSSIAN, digital_pdf

pytestmark = pytest.mark.unit

DRAWING = odf("graphics", "<office:drawing/>")
OLD_WORD = doc([("Договор\r", b"")], version=101)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program that stands in for LibreOffice goes; nothing else of that name is found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "soffice"


def install(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def prepared(
    folder: Path, data: bytes, *, may_convert: bool = True, timeout_s: float = 20
) -> DocumentManifest | Rejection:
    source = folder / "source"
    source.write_bytes(data)
    outcome = prepare_document(
        source,
        folder / "out",
        document_id="d0c",
        options=PrepareOptions(),
        limits=PrepareLimits(timeout_s=timeout_s),
        may_convert=may_convert,
    )
    assert isinstance(outcome, DocumentManifest | Rejection)
    return outcome


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (DRAWING, "an OpenDocument drawing"),
        (OLD_WORD, "a Word document of before 1997"),
        (
            zipped({"[Content_Types].xml": '<Override ContentType="application/vnd.ms-visio.drawing.main+xml"/>'}),
            "a Visio drawing",
        ),
        (ole({"Quill": {"QuillSub": {"CONTENTS": b"CHNKINK"}}}), "a Microsoft Publisher document"),
        (b"\x01\0\0\0" + bytes(36) + b" EMF" + bytes(60), "a Windows metafile (EMF)"),
        (b"\xd7\xcd\xc6\x9a" + bytes(60), "a Windows metafile (WMF)"),
        (b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    ],
)
def test_without_libreoffice_the_reason_says_what_is_missing(
    tmp_path: Path, program: Path, data: bytes, words: str
) -> None:
    outcome = prepared(tmp_path, data)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.SKIPPED_UNSUPPORTED
    assert outcome.reason == f"{words}: only LibreOffice can convert it, and it is not installed on the workers"


def test_what_is_converted_is_read_as_a_pdf(tmp_path: Path, program: Path) -> None:
    pdf = tmp_path / "made.pdf"
    with digital_pdf([RUSSIAN]) as document:
        document.save(pdf)
    # The last argument is the document, the one before it the folder; the first run only makes the profile.
    install(
        program,
        f'for last; do :; done; folder="${{last%/*}}"\n'
        f'[ -e "$folder/profile/again" ] || {{ : > "$folder/profile/again"; exit 81; }}\n'
        f'/bin/cp {pdf} "$folder/source.pdf"',
    )
    outcome = prepared(tmp_path, DRAWING)
    assert isinstance(outcome, DocumentManifest), outcome
    assert outcome.media_type == ConvertedFormat.ODG
    assert RUSSIAN[0] in (tmp_path / "out" / "native-pages.jsonl").read_text(encoding="utf-8")
    assert not any(path.is_dir() for path in (tmp_path / "out").iterdir())


def test_a_conversion_that_makes_nothing_failed(tmp_path: Path, program: Path) -> None:
    install(program, "exit 77")
    outcome = prepared(tmp_path, DRAWING)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_CONVERSION_FAILED
    assert outcome.reason.endswith("LibreOffice could not make a PDF of it")


def test_a_conversion_that_hangs_is_ended(tmp_path: Path, program: Path) -> None:
    install(program, "exec /bin/sleep 600")
    outcome = prepared(tmp_path, DRAWING, timeout_s=0.3)
    assert isinstance(outcome, Rejection)
    assert outcome.state is SourceState.QUARANTINED_TIMEOUT


def test_a_process_that_may_start_no_other_says_that_it_has_to(tmp_path: Path, program: Path) -> None:
    install(program, "exit 0")
    with pytest.raises(ConverterNeededError):
        prepared(tmp_path, DRAWING, may_convert=False)


def test_the_sandbox_lets_only_those_documents_start_a_program(tmp_path: Path, program: Path) -> None:
    pdf = program.with_name("made.pdf")  # the program's own folder can be read
    with digital_pdf([RUSSIAN]) as document:
        document.save(pdf)
    install(program, f'for last; do :; done\n/bin/cp {pdf} "${{last%/*}}/source.pdf"')
    source = tmp_path / "drawing"
    source.write_bytes(DRAWING)
    with PrepareSandbox(PrepareLimits(timeout_s=30)) as sandbox:
        outcome = sandbox.prepare(source, tmp_path / "out", "d0c", PrepareOptions())
    assert isinstance(outcome, DocumentManifest), outcome
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "native-pages.jsonl"]
