"""The service with the real PaddleOCR-VL pipeline and tiny random models, on the Python of the official image."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocr_tasks.contract import ExitCode
from ocr_tasks.service.answers import DocumentStatus
from tests.obstacles import ocr_python
from tests.ocrservice import OcrService, engine, read, refused, serving, starting
from tests.pages import encoded, printed_page
from tests.pdfs import RUSSIAN, digital_pdf
from tests.tinymodels import READING_SOON_ENDS, copied_models, tiny_models

pytestmark = pytest.mark.integration

PAGE = encoded(printed_page("<h1>Договор поставки</h1><p>Поставщик обязуется поставить товар.</p>" * 6, dpi=72))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OcrService]:
    variables = engine("paddleocr-vl", **READING_SOON_ENDS) | {"PADDLE_PDX_CACHE_HOME": str(tiny_models())}
    with serving(tmp_path_factory.mktemp("service"), python=str(ocr_python()), **variables) as running:
        yield running


def test_it_says_which_models_read_and_where(service: OcrService) -> None:
    health = service.health()
    assert (health["status"], health["paddleocr"], health["device"]) == ("ok", "ready", "cpu")
    assert health["models"] == ["PaddleOCR-VL-1.6-0.9B+PP-DocLayoutV3+PP-LCNet_x1_0_doc_ori"]
    assert health["engine"]["version"].startswith("3.6.0+paddlex")
    assert len(health["engine"]["model_digest"]) == 64
    assert health["engine"]["concurrency"] == 1


def test_images_and_pdfs_are_read(service: OcrService) -> None:
    answer = read(service.ocr(PAGE))
    assert answer.status is DocumentStatus.DONE
    assert answer.pages[0].blocks
    with digital_pdf([RUSSIAN, RUSSIAN]) as document:
        answer = read(service.ocr(document.tobytes()))
    assert (answer.page_count, answer.pages_read) == (2, 2)
    assert {page.model for page in answer.pages} == set(service.health()["models"])


def test_a_broken_page_does_not_lose_the_next(service: OcrService) -> None:
    assert read(service.ocr(PAGE[:1000])).status is DocumentStatus.FAILED
    assert service.ocr(b"%PDF-1.7").status_code == 422
    assert read(service.ocr(PAGE)).status is DocumentStatus.DONE


def test_a_missing_model_file_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    home = copied_models(folder)
    weights = home / "official_models/PaddleOCR-VL-1.6/model.safetensors"
    weights.unlink()
    variables = engine("paddleocr-vl", **READING_SOON_ENDS) | {"PADDLE_PDX_CACHE_HOME": str(home)}
    with starting(folder, python=str(ocr_python()), **variables) as service:
        assert weights.name in service.wait_until("failed")["reason"]
        assert weights.name in refused(service.ocr(PAGE)).message
        assert service.stop() == ExitCode.ALL_DONE
