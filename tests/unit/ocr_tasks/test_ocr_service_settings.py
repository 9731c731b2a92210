"""Given environment variables, the service starts, or one line says which of them cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocr_tasks.errors import BadShardError
from ocr_tasks.service.settings import S3_VARIABLES, S3Settings, ServiceSettings

pytestmark = pytest.mark.unit

S3 = {
    "CLOUDRU_S3_ENDPOINT": "https://s3.cloud.ru",
    "CLOUDRU_S3_BUCKET": "tenders",
    "CLOUDRU_S3_ACCESS_KEY": "tenant-1:key-1",
    "CLOUDRU_S3_SECRET_KEY": "a/secret+key",
}


def test_nothing_has_to_be_set() -> None:
    settings = ServiceSettings.from_environment({})
    assert settings.spec.name == "paddleocr-vl"
    assert (settings.port, settings.output, settings.token, settings.s3) == (8081, Path("/app/output"), None, None)


def test_everything_is_taken_from_its_variable() -> None:
    settings = ServiceSettings.from_environment(
        S3
        | {
            "OCR_ENGINE": "tesseract",
            "OCR_ENGINE_OPTIONS": '{"orientation": true, "psm": 3}',
            "OCR_LANGUAGES": "rus, kaz",
            "OCR_SERVICE_TOKEN": "t0ken",
            "OCR_SERVICE_ALLOW_PRIVATE_URLS": "true",
            "OCR_SERVICE_PORT": " 9000 ",
            "OCR_SERVICE_MAX_PAGES": "",
            "CLOUDRU_S3_PREFIX": "/ocr/results/",
        }
    )
    assert settings.spec.options == {"orientation": True, "psm": 3}
    assert (settings.languages, settings.port, settings.max_pages) == (("rus", "kaz"), 9000, 500)
    assert settings.allow_private_urls
    assert settings.token and settings.token.get_secret_value() == "t0ken"
    assert settings.s3 and settings.s3.prefix == "ocr/results"
    assert settings.s3.region == "ru-central-1"
    assert settings.s3.access_key.get_secret_value() == "tenant-1:key-1"


@pytest.mark.parametrize("left_out", S3_VARIABLES)
def test_s3_needs_all_four(left_out: str) -> None:
    settings = ServiceSettings.from_environment({name: value for name, value in S3.items() if name != left_out})
    assert (settings.s3, settings.s3_missing) == (None, (left_out,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOUDRU_S3_ENDPOINT", "s3.cloud.ru"),
        ("CLOUDRU_S3_ENDPOINT", "ftp://s3.cloud.ru"),
        ("CLOUDRU_S3_ENDPOINT", "https://user:secret@s3.cloud.ru"),
        ("CLOUDRU_S3_ENDPOINT", "https://s3.cloud.ru/bucket"),
        ("CLOUDRU_S3_ENDPOINT", "https://s3.cloud.ru:port"),
        ("CLOUDRU_S3_BUCKET", "Тендеры"),
        ("CLOUDRU_S3_BUCKET", "a/b"),
        ("CLOUDRU_S3_ACCESS_KEY", "key-without-tenant"),
        ("CLOUDRU_S3_ACCESS_KEY", ":key"),
        ("CLOUDRU_S3_ACCESS_KEY", "tenant:"),
        ("CLOUDRU_S3_ACCESS_KEY", "tenant:key:more"),
        ("CLOUDRU_S3_SECRET_KEY", "two words"),
        ("CLOUDRU_S3_PREFIX", "../up"),
        ("CLOUDRU_S3_REGION", "ru central"),
        ("OCR_ENGINE_OPTIONS", "{"),
        ("OCR_ENGINE_OPTIONS", "[1]"),
        ("OCR_ENGINE_OPTIONS", '{"a": [1]}'),
        ("OCR_SERVICE_PORT", "http"),
        ("OCR_SERVICE_PORT", "70000"),
        ("OCR_SERVICE_QUEUE", "0"),
        ("OCR_SERVICE_PAGE_TIMEOUT_S", "-1"),
        ("OCR_SERVICE_DOCUMENT_TIMEOUT_S", "nan"),
        ("OCR_SERVICE_MAX_BYTES", "much"),
        ("OCR_SERVICE_TOKEN", "two words"),
        ("OCR_SERVICE_ALLOW_PRIVATE_URLS", "perhaps"),
        ("OCR_SERVICE_KEEP_DAYS", "0"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(BadShardError) as raised:
        ServiceSettings.from_environment(S3 | {name: value})
    assert str(raised.value).startswith(f"wrong setting {name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOUDRU_S3_ENDPOINT", "nonsense"),
        ("CLOUDRU_S3_BUCKET", "a/b"),
        ("CLOUDRU_S3_ACCESS_KEY", "key-without-tenant"),
        ("CLOUDRU_S3_SECRET_KEY", "two words"),
        ("CLOUDRU_S3_PREFIX", "../up"),
        ("CLOUDRU_S3_REGION", "ru central"),
    ],
)
def test_a_malformed_variable_of_s3_is_named_without_the_others(name: str, value: str) -> None:
    with pytest.raises(BadShardError, match=f"^wrong setting {name}: ") as raised:
        ServiceSettings.from_environment({name: value})
    assert "missing" not in str(raised.value)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_token_does_not_open_the_service(blank: str) -> None:
    with pytest.raises(BadShardError, match=r"^OCR_SERVICE_TOKEN is set and empty: "):
        ServiceSettings.from_environment({"OCR_SERVICE_TOKEN": blank})


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(BadShardError, match=r"^wrong setting OCR_ENGINE: unknown engine, give one of .*tesseract"):
        ServiceSettings.from_environment({"OCR_ENGINE": "teseract"})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8081/health"),  # noqa: S104  nothing listens here
        ("::", "http://[::1]:8081/health"),
        ("::1", "http://[::1]:8081/health"),
        ("192.0.2.7", "http://192.0.2.7:8081/health"),
        ("ocr.example", "http://ocr.example:8081/health"),
    ],
)
def test_health_is_asked_where_the_service_listens(host: str, url: str) -> None:
    assert ServiceSettings.from_environment({"OCR_SERVICE_HOST": host}).health_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOUDRU_S3_ENDPOINT", "https://user:pa55word@s3.cloud.ru"),
        ("CLOUDRU_S3_ACCESS_KEY", "pa55word"),
        ("CLOUDRU_S3_SECRET_KEY", "pa55word again"),
        ("OCR_SERVICE_TOKEN", "pa55word again"),
    ],
)
def test_a_malformed_secret_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(BadShardError) as raised:
        ServiceSettings.from_environment(S3 | {name: value})
    assert "pa55word" not in str(raised.value)


def test_secrets_are_not_shown() -> None:
    shown = repr(ServiceSettings.from_environment(S3 | {"OCR_SERVICE_TOKEN": "t0ken"}))
    assert "t0ken" not in shown
    assert "a/secret+key" not in shown
    assert "tenant-1" not in shown


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/ocr-service.md").read_text()
    fields = {**ServiceSettings.model_fields, **S3Settings.model_fields}.values()
    assert [str(field.alias) for field in fields if field.alias and f"`{field.alias}`" not in page] == []
