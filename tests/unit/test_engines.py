"""Given settings and what the form chose, this engine runs in this image, with these limits, GPUs and secrets."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.remote import RemoteOptions
from tenderlake.documents import PrepareOptions
from tenderlake.engines import (
    OFFERED_ENGINES,
    engine_environment,
    engine_image,
    engine_revision,
    engine_runtime,
    engine_spec,
    identifying_spec,
)
from tenderlake.planning import reading_digest
from tenderlake.runs import RunOptions
from tenderlake.settings import Settings, SettingsError, read_settings
from tenderlake_airflow.form import trigger_form

pytestmark = pytest.mark.unit

PADDLE_ENGINES = ("paddleocr-vl", "paddleocr-vl-server")


def runtime(name: str, settings: Settings | None = None, **options: str) -> object:
    return engine_runtime(settings or Settings(), EngineSpec(name=name, options={**options}))


def test_the_form_offers_what_people_may_choose_and_no_engine_for_tests() -> None:
    assert trigger_form(Settings())["engine"].schema["enum"] == list(OFFERED_ENGINES)
    assert set(OFFERED_ENGINES) == {"tesseract", *PADDLE_ENGINES, "remote"}


def test_options_of_the_settings_are_for_the_engine_of_the_settings_alone() -> None:
    settings = Settings(
        engine="tesseract", engine_options={"psm": 6}, form_engine_options={"paddleocr-vl": {"version": "1.5"}}
    )
    assert engine_spec(RunOptions(engine="tesseract"), settings).options == {"psm": 6}
    assert engine_spec(RunOptions(engine="paddleocr-vl"), settings).options == {"version": "1.5"}
    assert engine_spec(RunOptions(engine="remote"), settings).options == {}


def test_options_of_an_engine_that_does_not_exist_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_FORM_ENGINE_OPTIONS", '{"paddleocr": {"version": "1.5"}}')
    with pytest.raises(SettingsError, match=r"TENDERLAKE_FORM_ENGINE_OPTIONS=.*no OCR engine 'paddleocr'"):
        read_settings(Settings)


@pytest.mark.parametrize("name", PADDLE_ENGINES)
def test_paddle_engines_have_an_image_and_limits_of_their_own(name: str) -> None:
    settings = Settings(ocr_image="site/tesseract:3", paddleocr_image="site/paddle:7")
    assert engine_image(settings, name) == "site/paddle:7"
    assert engine_image(settings, "tesseract") == engine_image(settings, "remote") == "site/tesseract:3"
    assert engine_revision(settings, EngineSpec(name=name)) == "site/paddle:7"
    needs = engine_runtime(settings, EngineSpec(name=name)).limits
    assert (needs.memory_bytes, needs.pids, needs.shm_bytes) == (16 * 2**30, 1024, 2**30)
    assert engine_runtime(settings, EngineSpec(name="tesseract")).limits.memory_bytes == 4 * 2**30


def test_limits_of_the_settings_hold_for_every_engine() -> None:
    settings = Settings(ocr_memory_bytes=2**30, ocr_pids=99)
    for name in OFFERED_ENGINES:
        limits = engine_runtime(settings, EngineSpec(name=name)).limits
        assert (limits.memory_bytes, limits.pids) == (2**30, 99)


@pytest.mark.parametrize(
    ("given", "name", "device", "expected"),
    [
        (None, "paddleocr-vl", None, ("0",)),
        (None, "paddleocr-vl-server", None, ("0",)),
        (None, "paddleocr-vl", "gpu:0", ("0",)),
        (None, "paddleocr-vl", "cpu", ()),
        (None, "tesseract", None, ()),
        (None, "remote", None, ()),
        ("2,3", "paddleocr-vl", None, ("2", "3")),
        ("", "paddleocr-vl", None, ()),
    ],
)
def test_paddle_engines_get_the_first_gpu_unless_something_else_is_said(
    monkeypatch: pytest.MonkeyPatch, given: str | None, name: str, device: str | None, expected: tuple[str, ...]
) -> None:
    if given is not None:
        monkeypatch.setenv("TENDERLAKE_GPU_DEVICE_IDS", given)
    spec = EngineSpec(name=name, options={"device": device} if device else {})
    assert engine_runtime(Settings(), spec).gpu_device_ids == expected


def test_a_secret_goes_to_its_own_engine_and_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_OCR_SERVER_API_KEY", "key-of-the-server")
    monkeypatch.setenv("TENDERLAKE_OCR_REMOTE_TOKEN", "token-of-the-service")
    settings = read_settings(Settings)
    assert engine_environment(settings, "paddleocr-vl-server")["OCR_SERVER_API_KEY"] == "key-of-the-server"
    assert engine_environment(settings, "remote")["OCR_REMOTE_TOKEN"] == "token-of-the-service"
    assert engine_environment(settings, "tesseract") == settings.ocr_environment
    for name in OFFERED_ENGINES:
        shown = repr(settings) + settings.model_dump_json() + repr(engine_runtime(settings, EngineSpec(name=name)))
        assert "key-of-the-server" not in shown
        assert "token-of-the-service" not in shown


def test_an_empty_secret_is_none() -> None:
    settings = Settings(ocr_server_api_key=SecretStr(" "), ocr_remote_token="")  # type: ignore[arg-type]
    assert settings.ocr_remote_token is None
    assert "OCR_REMOTE_TOKEN" not in engine_environment(settings, "remote")


def test_a_server_that_moves_makes_no_page_new_and_another_model_does() -> None:
    def digest(**options: str) -> str:
        spec = EngineSpec(name="paddleocr-vl-server", options={**options})
        return reading_digest(PrepareOptions(), identifying_spec(spec), "image:1")

    assert digest(server_url="http://a:8000/v1") == digest(server_url="http://b:8000/v1")
    assert digest(server_url="http://a:8000/v1", version="1.5") != digest(server_url="http://a:8000/v1", version="1.6")


def test_a_page_that_waits_for_its_turn_at_a_service_is_not_called_silent() -> None:
    settings = Settings(page_timeout_s=100, ocr_start_timeout_s=10)

    def silence_s(**options: str | float) -> float:
        return engine_runtime(settings, EngineSpec(name="remote", options={"url": "http://a", **options})).silence_s

    default_s = RemoteOptions(url="http://a").queue_timeout_s
    assert silence_s() == 110 + default_s
    assert silence_s(queue_timeout_s=7) == silence_s(queue_timeout_s="7") == 117
    assert engine_runtime(settings, EngineSpec(name="tesseract", options={"queue_timeout_s": 7})).silence_s == 110
