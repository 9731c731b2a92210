"""Language data is found where distributions put it, and a missing language says which package to install."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ocr_tasks.engines import tessdata
from ocr_tasks.errors import BadShardError, EngineUnavailableError

pytestmark = pytest.mark.unit


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution of the test's own instead of the machine's."""
    monkeypatch.delenv(tessdata.PREFIX_VARIABLE, raising=False)
    monkeypatch.setattr(tessdata, "_DISTRIBUTION_ROOT", tmp_path / "tesseract-ocr")
    monkeypatch.setattr(tessdata, "_PLAIN_FOLDERS", (tmp_path / "tessdata",))
    return tmp_path


def install(folder: Path, *languages: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        (folder / f"{language}.traineddata").write_bytes(language.encode())
    return folder


def test_the_newest_version_that_has_all_languages_is_taken(distribution: Path) -> None:
    install(distribution / "tesseract-ocr/4.00/tessdata", "rus", "eng")
    five = install(distribution / "tesseract-ocr/5/tessdata", "rus", "eng")
    install(distribution / "tesseract-ocr/6/tessdata", "eng")
    assert tessdata.find_tessdata(["rus", "eng"]) == five


def test_other_distributions_folder_is_found(distribution: Path) -> None:
    plain = install(distribution / "tessdata", "rus")
    assert tessdata.find_tessdata(["rus"]) == plain


def test_a_missing_language_says_what_to_install(distribution: Path) -> None:
    folder = install(distribution / "tesseract-ocr/5/tessdata", "eng")
    with pytest.raises(EngineUnavailableError) as raised:
        tessdata.find_tessdata(["rus", "eng", "chi_sim"])
    assert str(raised.value) == (
        f"Tesseract language data 'rus', 'chi_sim' not found in {folder}: "
        "install tesseract-ocr-rus tesseract-ocr-chi-sim (Debian/Ubuntu) or set TESSDATA_PREFIX"
    )


def test_without_any_data_the_searched_folders_are_named(distribution: Path) -> None:
    with pytest.raises(
        EngineUnavailableError, match=r"'rus' not found in .*tesseract-ocr, .*: install tesseract-ocr-rus"
    ):
        tessdata.find_tessdata(["rus"])


@pytest.mark.parametrize("prefix", ["own", "own/tessdata"])
def test_tessdata_prefix_may_be_the_folder_or_its_parent(
    distribution: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    install(distribution / "tesseract-ocr/5/tessdata", "rus")
    own = install(distribution / "own/tessdata", "rus")
    monkeypatch.setenv(tessdata.PREFIX_VARIABLE, str(distribution / prefix))
    assert tessdata.find_tessdata(["rus"]) == own


def test_a_prefix_without_the_language_does_not_fall_back_silently(
    distribution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(distribution / "tesseract-ocr/5/tessdata", "rus")
    own = install(distribution / "own", "eng")
    monkeypatch.setenv(tessdata.PREFIX_VARIABLE, str(own))
    with pytest.raises(EngineUnavailableError, match=f"not found in {own}"):
        tessdata.find_tessdata(["rus"])


@pytest.mark.parametrize("languages", [[], ["../../etc/passwd"], ["rus+eng"], [""]])
def test_what_is_no_language_code_is_a_bad_shard(distribution: Path, languages: list[str]) -> None:
    with pytest.raises(BadShardError, match="language"):
        tessdata.find_tessdata(languages)


def test_the_digest_is_that_of_the_files_and_follows_them(distribution: Path) -> None:
    folder = install(distribution / "tessdata", "rus", "eng")
    assert tessdata.model_digest(folder, ["rus", "eng"]) == hashlib.sha256(b"ruseng").hexdigest()
    assert tessdata.model_digest(folder, ["eng", "rus"]) == hashlib.sha256(b"engrus").hexdigest()
    (folder / "rus.traineddata").write_bytes(b"another model")
    assert tessdata.model_digest(folder, ["rus", "eng"]) == hashlib.sha256(b"another modeleng").hexdigest()
