"""PaddleOCR-VL with its model in this process: the engine of the offline image."""

from __future__ import annotations

import os

from ocr_tasks.contract import EngineSpec
from ocr_tasks.engines.base import EngineInfo, Finding
from ocr_tasks.engines.model_files import model_digest, read_manifest, require_models
from ocr_tasks.engines.paddle_library import library_version
from ocr_tasks.engines.paddleocr_vl_doctor import cheap_findings, full_findings
from ocr_tasks.engines.paddleocr_vl_pipeline import PagePipeline, PipelineEngine, PipelineOptions
from ocr_tasks.settings import ModelSettings


class PaddleOcrVlEngine(PipelineEngine):
    """Reads print, tables and formulas in many languages on a GPU, one page at a time.

    Its memory grows with every page (PaddleOCR issues 16971, 17113) and it can hang (17014, 17640): it belongs into a
    worker process that is replaced.
    """

    options_type = PipelineOptions

    def __init__(self, spec: EngineSpec) -> None:
        self._options = PipelineOptions.of(spec)
        settings = ModelSettings.from_environment(os.environ)
        folders = self._options.all_models(settings)
        models_folder = self._options.models_in(settings)
        manifest = read_manifest(settings.manifest)
        require_models(models_folder, folders, manifest)
        self._info = EngineInfo(
            name=spec.name,
            version=library_version(),
            model="+".join((self._options.version.model_name, *self._options.page_models(settings))),
            model_digest=model_digest(models_folder, folders, manifest),
        )
        self._pipeline = PagePipeline(self._options)

    @classmethod
    def diagnose(cls, spec: EngineSpec) -> list[Finding]:
        """Check libraries, device and every model file, and read a page with the network off."""
        options = PipelineOptions.of(spec)
        return full_findings(options, _models(options), lambda: cls(_for_the_doctor(spec)))

    @classmethod
    def diagnose_quickly(cls, spec: EngineSpec) -> list[Finding]:
        """Check what can be checked without loading anything."""
        options = PipelineOptions.of(spec)
        return cheap_findings(options, _models(options))


def _models(options: PipelineOptions) -> tuple[str, ...]:
    return options.all_models(ModelSettings.from_environment(os.environ))


def _for_the_doctor(spec: EngineSpec) -> EngineSpec:
    """The same engine, stopped soon: a few words are read, on the CPU as well."""
    return spec.model_copy(update={"options": {**spec.options, "max_new_tokens": 32}})
