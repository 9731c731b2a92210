"""Given a folder of models, it is whole, or the message names the file that is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocr_tasks.engines.model_files import (
    ModelFile,
    ModelsManifest,
    model_digest,
    model_findings,
    read_manifest,
    record_manifest,
    require_models,
)
from ocr_tasks.errors import EngineUnavailableError
from ocr_tasks.settings import ModelSettings

pytestmark = pytest.mark.unit

VLM, LAYOUT = "PaddleOCR-VL-1.6", "PP-DocLayoutV3"
BOTH = (VLM, LAYOUT)


def safetensors(data_bytes: int) -> bytes:
    tensor = {"dtype": "U8", "shape": [data_bytes], "data_offsets": [0, data_bytes]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "weight": tensor}).encode()
    return len(header).to_bytes(8, "little") + header + b"\x01" * data_bytes


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with both models, as far as files can be looked at."""
    files = {
        VLM: {
            "inference.yml": b"Global:\n  model_name: PaddleOCR-VL-1.6-0.9B\n",
            "model.safetensors": safetensors(1000),
            "tokenizer.model": b"pieces",
            "chat_template.jinja": b"{{ messages }}",
            **dict.fromkeys(
                ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer_config.json"), b"{}"
            ),
        },
        LAYOUT: {
            "inference.yml": b"Global:\n  model_name: PP-DocLayoutV3\n",
            "inference.json": b"{}",
            "inference.pdiparams": b"weights",
        },
    }
    for folder, content in files.items():
        (tmp_path / folder).mkdir()
        for name, data in content.items():
            (tmp_path / folder / name).write_bytes(data)
    return tmp_path


def test_whole_models_are_accepted(models: Path) -> None:
    require_models(models, BOTH, None)


def test_a_folder_that_is_not_there_is_explained(models: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="PP-DocLayoutV2 is missing: the image holds its models below"):
        require_models(models, ["PP-DocLayoutV2"], None)


@pytest.mark.parametrize("name", ["tokenizer.model", "chat_template.jinja", "model.safetensors"])
def test_a_missing_file_is_named(models: Path, name: str) -> None:
    (models / VLM / name).unlink()
    with pytest.raises(EngineUnavailableError, match=f"{name} is missing"):
        require_models(models, BOTH, None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", safetensors(1000)[:-1], "instead of"),
        ("model.safetensors", safetensors(1000) + b"\x00", "instead of"),
        ("model.safetensors", b"\xff" * 100, "its header cannot be read"),
        ("model.safetensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}", "its header cannot be read"),
        ("model.safetensors", b"<html>404</html>", "its header cannot be read"),
        ("tokenizer.model", b"", "it has 0 bytes"),
        ("config.json", b'{"hidden', "it is no JSON"),
        ("inference.yml", b"Global:\n  model_name: PaddleOCR-VL-1.5-0.9B\n", "holds another model"),
    ],
)
def test_a_damaged_file_is_named_without_any_manifest(models: Path, name: str, content: bytes, message: str) -> None:
    (models / VLM / name).write_bytes(content)
    with pytest.raises(EngineUnavailableError, match=message):
        require_models(models, BOTH, None)


def test_a_manifest_knows_sizes_that_no_file_tells(models: Path) -> None:
    manifest = record_manifest(models, models / "manifest.json")
    (models / LAYOUT / "inference.pdiparams").write_bytes(b"weigh")
    with pytest.raises(EngineUnavailableError, match=r"inference\.pdiparams is not whole, it has 5 bytes instead of 7"):
        require_models(models, BOTH, manifest)


def test_a_manifest_is_read_back(models: Path) -> None:
    written = record_manifest(models, models / "manifest.json")
    assert read_manifest(models / "manifest.json") == written
    assert len(written.files) == 11


def test_no_manifest_is_written_of_models_that_are_not_whole(models: Path) -> None:
    (models / VLM / "config.json").unlink()
    with pytest.raises(EngineUnavailableError, match=r"config\.json is missing"):
        record_manifest(models, models / "manifest.json")
    assert not (models / "manifest.json").exists()


def test_a_manifest_that_is_said_to_be_there_must_be(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="--record-models"):
        read_manifest(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text('{"files": [{}]}')
    with pytest.raises(EngineUnavailableError, match="is no manifest of models"):
        read_manifest(tmp_path / "manifest.json")


def test_only_a_look_into_the_files_finds_what_has_the_same_size(models: Path) -> None:
    manifest = record_manifest(models, models / "manifest.json")
    (models / VLM / "tokenizer.model").write_bytes(b"PIECES")
    at_a_glance = model_findings(models, BOTH, manifest, reads_content=False)
    assert [finding.is_ok for finding in at_a_glance] == [True, True]
    closely = model_findings(models, BOTH, manifest, reads_content=True)
    assert [finding.is_ok for finding in closely] == [False, True]
    assert "tokenizer.model is not the one the image was built with" in closely[0].text


def test_the_digest_changes_with_every_file_and_with_nothing_else(models: Path) -> None:
    digest = model_digest(models, BOTH, None)
    (models / VLM / "README.md").write_text("changed")
    assert model_digest(models, BOTH, None) == digest
    assert model_digest(models, (LAYOUT,), None) != digest
    (models / LAYOUT / "inference.pdiparams").write_bytes(b"WEIGHTS")
    assert model_digest(models, BOTH, None) != digest


def test_the_digest_comes_from_the_manifest_where_sizes_agree(models: Path) -> None:
    """Two gigabytes need not be read at every start."""
    recorded = record_manifest(models, models / "manifest.json")
    assert model_digest(models, BOTH, recorded) == model_digest(models, BOTH, None)
    other = ModelsManifest(
        files=tuple(ModelFile(path=file.path, size_bytes=file.size_bytes, sha256="0" * 64) for file in recorded.files)
    )
    assert model_digest(models, BOTH, other) != model_digest(models, BOTH, None)


def test_where_models_are_comes_from_the_environment() -> None:
    settings = ModelSettings.from_environment({"PADDLE_PDX_CACHE_HOME": "/models", "OCR_MODELS_MANIFEST": "/m.json"})
    assert (settings.models_folder, settings.manifest) == (Path("/models/official_models"), Path("/m.json"))
    default = ModelSettings.from_environment({"PADDLE_PDX_CACHE_HOME": ""})
    assert (default.home, default.manifest) == (Path.home() / ".paddlex", None)
