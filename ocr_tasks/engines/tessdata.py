"""Finds Tesseract's language data, and tells which it is."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ocr_tasks.errors import BadShardError, EngineUnavailableError

PREFIX_VARIABLE = "TESSDATA_PREFIX"
# Debian and Ubuntu put it below the version of Tesseract; Fedora, Arch and Alpine do not.
_DISTRIBUTION_ROOT = Path("/usr/share/tesseract-ocr")
_PLAIN_FOLDERS = (Path("/usr/share/tessdata"), Path("/usr/share/tesseract/tessdata"), Path("/usr/local/share/tessdata"))
_LANGUAGE = re.compile(r"[A-Za-z]\w*(/\w+)?")


def find_tessdata(languages: Sequence[str]) -> Path:
    """Return the first folder that holds the data of all languages.

    Raises:
        EngineUnavailableError: No folder does; the message says which package to install.
        BadShardError: A language is no language code, or there is none.
    """
    if not languages:
        raise BadShardError("no language: give at least one, such as rus")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise BadShardError(f"{language!r} is no Tesseract language code, such as rus or chi_sim")
    folders = tessdata_folders()
    if not folders:
        raise _missing(languages, [_DISTRIBUTION_ROOT, *_PLAIN_FOLDERS])
    for folder in folders:
        if not missing_languages(folder, languages):
            return folder
    best = min(folders, key=lambda folder: len(missing_languages(folder, languages)))
    raise _missing(missing_languages(best, languages), folders)


def tessdata_folders() -> list[Path]:
    """The folders that exist, in the order they are looked at: only ``TESSDATA_PREFIX`` where that is set."""
    prefix = os.environ.get(PREFIX_VARIABLE)
    if prefix:
        # Tesseract 3 wanted the parent folder there, and people still give it.
        candidates = [Path(prefix), Path(prefix) / "tessdata"]
        return [folder for folder in candidates if folder.is_dir()] or [Path(prefix)]
    versions = sorted(_DISTRIBUTION_ROOT.glob("*/tessdata"), key=_version, reverse=True)
    return [folder for folder in (*versions, *_PLAIN_FOLDERS) if folder.is_dir()]


def missing_languages(folder: Path, languages: Sequence[str]) -> list[str]:
    """The languages that a folder has no data for."""
    return [language for language in languages if not data_file(folder, language).is_file()]


def data_file(folder: Path, language: str) -> Path:
    """Where the data of a language is in a folder."""
    return folder / f"{language}.traineddata"


def model_digest(folder: Path, languages: Sequence[str]) -> str:
    """SHA-256 over the data files, in the order of the languages; computed once as long as the files stay as they are.

    Raises:
        EngineUnavailableError: A file cannot be read.
    """
    try:
        files = [data_file(folder, language) for language in languages]
        return _digest(tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files))
    except OSError as error:
        raise EngineUnavailableError(
            f"cannot read Tesseract language data {error.filename}: {error.strerror}"
        ) from error


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _missing(languages: Sequence[str], folders: Sequence[Path]) -> EngineUnavailableError:
    packages = " ".join(f"tesseract-ocr-{language.replace('_', '-').lower()}" for language in languages)
    return EngineUnavailableError(
        f"Tesseract language data {', '.join(map(repr, languages))} not found in "
        f"{', '.join(map(str, folders))}: install {packages} (Debian/Ubuntu) or set {PREFIX_VARIABLE}"
    )
