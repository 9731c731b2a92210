"""Given an environment and a form, these settings and options come out."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocr_tasks.contract import EngineSpec
from ocr_tasks.settings import RunSettings
from tenderlake.documents import TextLayerMode
from tenderlake.engines import engine_profile, engine_revision
from tenderlake.errors import NeedsPersonError
from tenderlake.layout import Layout, run_folder
from tenderlake.runs import FormError, Reprocess, RunOptions
from tenderlake.settings import RunnerChoice, Settings, SettingsError, read_settings
from tenderlake.settings_table import settings_table
from tenderlake.states import SourceState
from tenderlake.tender_id import tender_id_of

pytestmark = pytest.mark.unit


def test_lists_are_read_with_commas_or_plus_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_LANGUAGES", "rus+eng")
    monkeypatch.setenv("TENDERLAKE_GPU_DEVICE_IDS", "0, 1")
    settings = Settings()
    assert settings.languages == ("rus", "eng")
    assert settings.gpu_device_ids == ("0", "1")


def test_prefixes_end_with_one_slash() -> None:
    assert Settings(inbox_prefix="/tenders//").inbox_prefix == "tenders/"


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ValidationError, match="dpi"):
        Settings(dpi=10)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DPI", "10", "greater than or equal to 72"),
        ("DPI", "many", "valid integer"),
        ("MAX_DOCUMENTS", "0", "greater than or equal to 1"),
        ("PAGE_TIMEOUT_S", "inf", "finite"),
        ("PAGE_TIMEOUT_S", "nan", "finite|greater"),
        ("INBOX_PREFIX", "", "neither empty"),
        ("INBOX_PREFIX", "/", "neither empty"),
        ("INBOX_PREFIX", "a//b", "neither empty"),
        ("INBOX_PREFIX", "../inbox", "neither empty"),
        ("WORK_PREFIX", "x" * 201, "200 bytes"),
        ("LAKE_PREFIX", "inbox", r"outside of TENDERLAKE_INBOX_PREFIX \(inbox/\)"),
        ("LAKE_PREFIX", "inbox/lake", "outside of TENDERLAKE_INBOX_PREFIX"),
        ("REPORTS_PREFIX", "work/reports", "outside of TENDERLAKE_WORK_PREFIX"),
        ("BUCKET", "Тендеры", "pattern"),
        ("S3_CONNECTION_ID", " ", "at least 1 character"),
        ("TENDER_ID_PATTERN", "(", "no regular expression"),
        ("TENDER_ID_PATTERN", r"\d*", "empty purchase number"),
        ("SCHEDULE_CRON", "60 2 * * *", "no schedule"),
        ("SCHEDULE_CRON", "* * * * * *", "no schedule"),
        ("SCHEDULE_CRON", "0 0 30 2 *", "no schedule"),
        ("SCHEDULE_CRON", "", "no schedule"),
        ("SCHEDULE_TIMEZONE", "Europe/Moskva", "no time zone"),
        ("SCHEDULE_TIMEZONE", "../etc/passwd", "no time zone"),
        ("SCHEDULE_TIMEZONE", "", "no time zone"),
        ("LANGUAGES", "", "at least 1 item"),
        ("LANGUAGES", "rus,--psm", "pattern"),
        ("ENGINE", "tesserakt", "set TENDERLAKE_ENGINE to one of tesseract"),
        ("ENGINE_OPTIONS", "psm=6", "JSON object"),
        ("DOCKER_URL", "localhost:2375", "unix:///"),
        ("SHARD_TIMEOUT_S", "300", "TENDERLAKE_SHARD_TARGET_S"),
        ("OCR_START_TIMEOUT_S", "7000", "TENDERLAKE_SHARD_TIMEOUT_S"),
        ("OCR_MAX_PIXELS", "1000000", "TENDERLAKE_MAX_PAGE_PIXELS"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"TENDERLAKE_{name}", value)
    with pytest.raises(SettingsError, match=reason) as caught:
        read_settings(Settings)
    assert str(caught.value).startswith(f"TENDERLAKE_{name}")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, NeedsPersonError)


def test_a_shard_that_needs_more_slots_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_OCR_POOL_SLOTS", "3")
    with pytest.raises(SettingsError, match=r"TENDERLAKE_GPU_POOL_SLOTS=2: less than TENDERLAKE_OCR_POOL_SLOTS \(3\)"):
        read_settings(Settings)
    monkeypatch.setenv("TENDERLAKE_GPU_POOL_SLOTS", "3")
    assert read_settings(Settings).ocr_pool_slots == 3


def test_all_mistakes_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_DPI", "1")
    monkeypatch.setenv("TENDERLAKE_ENGINE", "none")
    with pytest.raises(SettingsError, match=r"TENDERLAKE_DPI.*; TENDERLAKE_ENGINE"):
        read_settings(Settings)


@pytest.mark.parametrize("schedule", ["@daily", "*/30 1-5 * * MON-FRI", "0 2 29 2 *"])
def test_schedules_of_airflow_are_taken(schedule: str) -> None:
    assert Settings(schedule_cron=schedule).schedule_cron == schedule


def test_a_folder_of_a_shared_bucket_may_hold_all_prefixes() -> None:
    settings = Settings(inbox_prefix="tenders/in", lake_prefix="tenders/lake", markdown_prefix="tenders/lake-texts")
    assert settings.lake_prefix == "tenders/lake/"


def test_the_import_error_of_the_dag_ends_with_the_variable() -> None:
    dag = Path(__file__).parents[2] / "dags" / "ingest_tenders.py"
    parsed = subprocess.run(
        [sys.executable, str(dag)],
        env={**os.environ, "TENDERLAKE_DPI": "10", "PYTHONPATH": str(dag.parents[1] / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    last = parsed.stderr.strip().splitlines()[-1]
    assert last.startswith("tenderlake.settings.SettingsError: TENDERLAKE_DPI='10': ")


def test_limits_of_reading_reach_the_ocr_process() -> None:
    settings = Settings(ocr_max_pixels=90_000_000, ocr_prefetch_pages=2, ocr_start_timeout_s=600.5)
    expected = RunSettings(max_pixels=90_000_000, prefetch_pages=2, start_timeout_s=600.5)
    assert RunSettings.from_environment(settings.ocr_environment) == expected
    assert RunSettings.from_environment(Settings().ocr_environment) == RunSettings()


def test_every_setting_is_described_and_the_document_is_up_to_date() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    written = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_table(), "run: python -m tenderlake.settings_table > docs/settings.md"


def test_an_unknown_engine_is_answered_with_those_that_people_may_choose() -> None:
    with pytest.raises(FormError) as caught:
        engine_profile("paddle")
    assert "tesseract" in str(caught.value)
    assert "null" not in str(caught.value)
    assert "faulty" not in str(caught.value)


def test_pages_read_in_processes_are_read_again_with_other_language_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EngineSpec(name="tesseract", languages=("rus",))
    data = tmp_path / "rus.traineddata"
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    settings = Settings(runner=RunnerChoice.PROCESS)
    without_data = engine_revision(settings, engine)
    data.write_bytes(b"model of 2023")
    first = engine_revision(settings, engine)
    data.write_bytes(b"another model")
    os.utime(data, ns=(1, 1))  # the digest is remembered by size and time
    revisions = {without_data, first, engine_revision(settings, engine)}
    assert len(revisions) == 3
    for revision in revisions:
        assert settings.ocr_image in revision
        assert importlib.metadata.version("tesserocr") in revision


@pytest.mark.parametrize("runner", [RunnerChoice.DOCKER, RunnerChoice.AUTO])
def test_pages_read_in_containers_are_named_by_the_image_alone(runner: RunnerChoice) -> None:
    settings = Settings(runner=runner, ocr_image="tenderlake/ocr-cpu:7")
    assert engine_revision(settings, EngineSpec(name="tesseract", languages=("rus",))) == "tenderlake/ocr-cpu:7"


def test_a_misspelt_field_of_the_form_is_refused_and_not_taken_for_the_whole_inbox() -> None:
    with pytest.raises(FormError, match="no field key; it has prefix, keys"):
        RunOptions.from_form({"key": ["a.pdf"]}, Settings())


def test_empty_fields_of_the_form_mean_the_settings() -> None:
    options = RunOptions.from_form({"prefix": None, "keys": [], "dpi": 200, "text_layer": ""}, Settings(dpi=150))
    assert options == RunOptions(dpi=200, text_layer=TextLayerMode.AUTO)


@pytest.mark.parametrize(
    ("endpoint", "network"),
    [("http://127.0.0.1:8333", "host"), ("http://localhost:8333", "host"), ("https://s3.example.ru", "bridge")],
)
def test_containers_reach_a_local_store_through_the_host(endpoint: str, network: str) -> None:
    assert Settings().container_network(endpoint) == network
    assert Settings(docker_network="tenders").container_network(endpoint) == "tenders"


@pytest.mark.parametrize("state", list(SourceState))
def test_reprocess_takes_what_it_says(state: SourceState) -> None:
    assert Reprocess.ALL.takes(state)
    assert not Reprocess.NEW_ONLY.takes(state)
    assert Reprocess.QUARANTINED.takes(state) == state.value.startswith("quarantined_")
    assert Reprocess.FAILED_PAGES.takes(state) == (state is SourceState.PUBLISHED_WITH_FAILED_PAGES)


@pytest.mark.parametrize("state", list(SourceState))
def test_every_state_is_of_one_kind_and_quarantine_has_advice(state: SourceState) -> None:
    is_unpacked = state is SourceState.UNPACKED
    assert is_unpacked + state.is_published + state.is_skipped + state.is_quarantined == 1
    assert bool(state.advice) == state.is_quarantined


def test_keys_follow_the_path_in_the_inbox() -> None:
    layout = Layout(Settings())
    assert layout.markdown("inbox/а/Смета 1.pdf") == "markdown/а/Смета 1.pdf.md"
    assert layout.markdown("inbox/all.zip", "Смета.pdf") == "markdown/all.zip/Смета.pdf.md"
    assert (
        layout.quarantine(SourceState.QUARANTINED_CORRUPT, "inbox/а/б.pdf")
        == "quarantine/quarantined_corrupt/а/б.pdf.json"
    )
    assert run_folder("manual__2026-11-21T02:00:00+00:00") == "manual__2026-11-21T02-00-00-00-00"


@pytest.mark.parametrize(
    ("path", "tender_id"),
    [
        ("44/0173100004525000001/ТЗ.pdf", "0173100004525000001"),
        ("закупка 32515000001/ТЗ.pdf", "32515000001"),
        ("заявка 89161234567.pdf", None),
        ("+79161234567/scan_20261121153.pdf", None),
        ("01731000045250000012/ТЗ.pdf", None),
    ],
)
def test_the_purchase_by_its_path_and_no_telephone(path: str, tender_id: str | None) -> None:
    pattern = Settings.model_fields["tender_id_pattern"].default

    assert tender_id_of(path, pattern) == tender_id
