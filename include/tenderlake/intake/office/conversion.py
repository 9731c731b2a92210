"""Converts what no reader here knows to PDF with LibreOffice, where that is installed.

It runs in the process group of the child that prepares the document, so it ends with it, with a profile of its own in a
folder that is removed. Its own program file is started, not the launcher: one process, that dies with its parent.
Macros, links and remote pictures are switched off, and there is no way to the network but a proxy that is not there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tenderlake.documents import PrepareLimits
from tenderlake.intake.outcome import ConverterNeededError, RejectedError
from tenderlake.intake.programs import find_program, run_program
from tenderlake.intake.sniffing import ConvertedFormat
from tenderlake.states import SourceState

_PROGRAMS = ("soffice", "libreoffice")
_STARTS_AGAIN = 81
"""LibreOffice ends so when it has made its profile and wants to be started again (desktop/source/app, EXITHELPER)."""
_NO_PROXY = "http://127.0.0.1:9"
_OPTIONS = (
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("org.openoffice.Office.Calc/Content/Update", "Link", "2"),
)
_REGISTRY = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>
"""
_ITEM = '<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'


def find_converter() -> Path | None:
    """LibreOffice's program file; None where it is not installed."""
    launcher = find_program(*_PROGRAMS)
    if launcher is None:
        return None
    program = launcher.with_name("soffice.bin")
    return program if program.is_file() else launcher


def converter_folders() -> tuple[Path, ...]:
    """Where LibreOffice's files lie; in installations of its own they are beside the folder ``program``."""
    program = find_converter()
    if program is None:
        return ()
    return (program.parent.parent if program.parent.name == "program" else program.parent,)


def convert_to_pdf(
    path: Path, source_format: ConvertedFormat, folder: Path, limits: PrepareLimits, *, may_convert: bool
) -> Path:
    """Convert a document.

    Args:
        path: The document.
        source_format: What it is.
        folder: An empty folder for the profile and the PDF; the caller removes it.
        limits: Its time.
        may_convert: This process may start another.

    Returns:
        The PDF.

    Raises:
        RejectedError: LibreOffice is not installed, or cannot make a PDF of it.
        ConverterNeededError: This process may start no other.
    """
    program = find_converter()
    if program is None:
        raise RejectedError(
            SourceState.SKIPPED_UNSUPPORTED,
            f"{source_format.words}: only LibreOffice can convert it, and it is not installed on the workers",
        )
    if not may_convert:
        raise ConverterNeededError
    profile = folder / "profile"
    _make_profile(profile)
    source = folder / f"source{source_format.suffix}"
    shutil.copyfile(path, source)
    for _ in range(2):
        code = _run(program, profile, source, folder, limits)
        if code != _STARTS_AGAIN:
            break
    pdf = folder / "source.pdf"
    if not pdf.is_file() or pdf.stat().st_size == 0:
        raise RejectedError(
            SourceState.QUARANTINED_CONVERSION_FAILED,
            f"{source_format.words}: LibreOffice could not make a PDF of it",
        )
    return pdf


def _make_profile(profile: Path) -> None:
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _OPTIONS)
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_REGISTRY.format(items=items), encoding="utf-8")


def _run(program: Path, profile: Path, source: Path, folder: Path, limits: PrepareLimits) -> int:
    command = [
        str(program),
        f"-env:UserInstallation={profile.absolute().as_uri()}",
        "--headless",
        "--invisible",
        "--norestore",
        "--nologo",
        "--nolockcheck",
        "--nodefault",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(source),
    ]
    environment = {
        "HOME": str(profile),
        **dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy"), _NO_PROXY),
    }
    return run_program(command, folder, limits, environment=environment)
