"""The files of the PaddleOCR-VL models: which there must be, whether they are whole, and which they are.

A manifest is written when the image is built, from the folder the image holds then. Later checks compare with it:
sizes at every start, hashes when the doctor looks.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ocr_tasks.engines.base import Finding
from ocr_tasks.errors import EngineUnavailableError
from ocr_tasks.validation import one_line

LAYOUT_MODEL = "PP-DocLayoutV3"
ORIENTATION_MODEL = "PP-LCNet_x1_0_doc_ori"
_VLM_FILES = (
    "inference.yml",
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "tokenizer.model",
    "model.safetensors",
)
_STATIC_FILES = ("inference.json", "inference.pdiparams", "inference.yml")
_KNOWN_FOLDERS = {
    "PaddleOCR-VL-1.5": _VLM_FILES,
    "PaddleOCR-VL-1.6": _VLM_FILES,
    "PP-DocLayoutV2": _STATIC_FILES,
    LAYOUT_MODEL: _STATIC_FILES,
    ORIENTATION_MODEL: _STATIC_FILES,
}
_MOST_HEADER_BYTES = 100_000_000
"""The bound of the safetensors format itself."""
_MEND = "pull or build the image again, a download may have been cut off"


class ModelFile(BaseModel):
    """One file, its path relative to the folder of models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size_bytes: int
    sha256: str


class ModelsManifest(BaseModel):
    """The model files an image was built with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[ModelFile, ...]

    def file(self, path: str) -> ModelFile | None:
        """The entry of one file, None where it was not there."""
        return next((file for file in self.files if file.path == path), None)


def read_manifest(path: Path | None) -> ModelsManifest | None:
    """The manifest of the image; None where there is none to compare with.

    Raises:
        EngineUnavailableError: It is said to be there, and is missing or broken.
    """
    if path is None:
        return None
    try:
        return ModelsManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EngineUnavailableError(
            f"the manifest of models {path} cannot be read ({error.strerror}): unset OCR_MODELS_MANIFEST, or write it "
            f"with python -m ocr_tasks doctor --record-models {path}"
        ) from error
    except ValidationError as error:
        raise EngineUnavailableError(f"{path} is no manifest of models: {one_line(error)}") from None


def record_manifest(models_folder: Path, path: Path) -> ModelsManifest:
    """Write down the files of all known models in a folder.

    Raises:
        EngineUnavailableError: There is no model, one is not whole, or the manifest cannot be written.
    """
    folders = [name for name in _KNOWN_FOLDERS if (models_folder / name).is_dir()]
    if not folders:
        raise _missing_folder(models_folder / LAYOUT_MODEL)
    require_models(models_folder, folders, None)
    manifest = ModelsManifest(
        files=tuple(
            ModelFile(
                path=file.relative_to(models_folder).as_posix(), size_bytes=file.stat().st_size, sha256=_sha256(file)
            )
            for name in folders
            for file in sorted((models_folder / name).rglob("*"))
            if file.is_file()
        )
    )
    try:
        path.write_text(manifest.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise EngineUnavailableError(f"the manifest {path} cannot be written: {error.strerror}") from error
    return manifest


def require_models(models_folder: Path, folders: Sequence[str], manifest: ModelsManifest | None) -> None:
    """Check without reading the weights that models are there and whole.

    Raises:
        EngineUnavailableError: One is not; the message names the file.
    """
    for folder in folders:
        try:
            _require_model(models_folder, folder, manifest)
        except OSError as error:
            raise EngineUnavailableError(
                f"the model file {error.filename} cannot be read ({error.strerror}): "
                f"user {os.getuid()} must be allowed to read it, or run as the user of the image"
            ) from error


def model_findings(
    models_folder: Path, folders: Sequence[str], manifest: ModelsManifest | None, *, reads_content: bool
) -> list[Finding]:
    """What the doctor says about models, a line for each folder that is sound, or for each file that is not.

    Args:
        models_folder: Folder that holds a folder a model.
        folders: The models that are needed.
        manifest: What to compare with.
        reads_content: Whether files are read and compared by their hash, not only by size.
    """
    findings = []
    for folder in folders:
        try:
            require_models(models_folder, [folder], manifest)
            if manifest is not None and reads_content:
                _require_same_content(models_folder, folder, manifest)
        except EngineUnavailableError as error:
            findings.append(Finding(is_ok=False, text=str(error)))
        else:
            compared = "complete" if manifest is None else "as the image was built"
            findings.append(Finding(is_ok=True, text=f"model {models_folder / folder}: {compared}"))
    return findings


def model_digest(models_folder: Path, folders: Sequence[str], manifest: ModelsManifest | None) -> str:
    """SHA-256 over the files of models, from the manifest where sizes agree with it, else read."""
    digest = hashlib.sha256()
    for folder in folders:
        for name in _KNOWN_FOLDERS[folder]:
            path = f"{folder}/{name}"
            recorded = manifest.file(path) if manifest is not None else None
            file = models_folder / path
            is_recorded = recorded is not None and recorded.size_bytes == file.stat().st_size
            digest.update(f"{path} {recorded.sha256 if recorded and is_recorded else _sha256(file)}\n".encode())
    return digest.hexdigest()


def _require_model(models_folder: Path, folder: str, manifest: ModelsManifest | None) -> None:
    if not (models_folder / folder).is_dir():
        raise _missing_folder(models_folder / folder)
    for file in _expected_files(folder, manifest):
        _require_whole(models_folder, file, manifest)
    if folder not in (models_folder / folder / "inference.yml").read_text(errors="replace"):
        raise EngineUnavailableError(
            f"{models_folder / folder} holds another model, as its inference.yml says: {_MEND}"
        )


def _expected_files(folder: str, manifest: ModelsManifest | None) -> list[str]:
    needed = [f"{folder}/{name}" for name in _KNOWN_FOLDERS[folder]]
    recorded = [file.path for file in manifest.files if file.path.startswith(f"{folder}/")] if manifest else []
    return list(dict.fromkeys(needed + recorded))


def _require_whole(models_folder: Path, path: str, manifest: ModelsManifest | None) -> None:
    file = models_folder / path
    try:
        size_bytes = file.stat().st_size
    except FileNotFoundError:
        raise EngineUnavailableError(f"the model file {file} is missing: {_MEND}") from None
    recorded = manifest.file(path) if manifest is not None else None
    if recorded is not None and recorded.size_bytes != size_bytes:
        raise _not_whole(file, size_bytes, f"{recorded.size_bytes} bytes")
    if size_bytes == 0:
        raise _not_whole(file, size_bytes, "more")
    if file.suffix == ".safetensors":
        expected_bytes = _safetensors_bytes(file)
        if size_bytes != expected_bytes:
            raise _not_whole(file, size_bytes, f"{expected_bytes} bytes")
    if file.suffix == ".json":
        _require_json(file)


def _safetensors_bytes(file: Path) -> int:
    """How long a file of weights must be: its header lists where each tensor ends."""
    with file.open("rb") as stream:
        header_bytes = int.from_bytes(stream.read(8), "little")
        try:
            header = json.loads(stream.read(min(header_bytes, _MOST_HEADER_BYTES)))
            end = max(int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__")
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise EngineUnavailableError(
                f"the model file {file} is damaged, its header cannot be read: {_MEND}"
            ) from None
    return 8 + header_bytes + end


def _require_json(file: Path) -> None:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        raise EngineUnavailableError(f"the model file {file} is damaged, it is no JSON: {_MEND}") from None


def _require_same_content(models_folder: Path, folder: str, manifest: ModelsManifest) -> None:
    for recorded in manifest.files:
        if recorded.path.startswith(f"{folder}/") and _sha256(models_folder / recorded.path) != recorded.sha256:
            raise EngineUnavailableError(
                f"the model file {models_folder / recorded.path} is not the one the image was built with: {_MEND}"
            )


def _missing_folder(folder: Path) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"the model folder {folder} is missing: the image holds its models below PADDLE_PDX_CACHE_HOME or "
        "HOME/.paddlex; set both back, mount nothing over it, or give the option models_folder (PaddleX itself says "
        '"No model hoster is available" or "No available model hosting platforms detected")'
    )


def _not_whole(file: Path, size_bytes: int, expected: str) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"the model file {file} is not whole, it has {size_bytes} bytes instead of {expected}: {_MEND}"
    )


def _sha256(file: Path) -> str:
    state = file.stat()
    return _file_sha256(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _file_sha256(file: Path, _size_bytes: int, _mtime_ns: int) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
