"""The command ``doctor``: one line a finding, so that a person sees what is there, what is not and how to mend it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TextIO

from ocr_tasks.contract import EngineSpec, ExitCode
from ocr_tasks.engines import ENGINES, Finding, engine_class
from ocr_tasks.engines.model_files import record_manifest
from ocr_tasks.errors import BadShardError, EngineUnavailableError
from ocr_tasks.settings import ModelSettings


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("--engine", default="tesseract", help=f"one of {', '.join(ENGINES)} (default: tesseract)")
    parser.add_argument("--languages", default="rus,eng", help="language codes, by default rus,eng")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the engine, may be repeated"
    )
    parser.add_argument(
        "--quick", action="store_true", help="within a second, for a health check: nothing is loaded, no page is read"
    )
    parser.add_argument(
        "--without-gpu", action="store_true", help="read on the CPU: where an image is built there is no GPU"
    )
    parser.add_argument(
        "--record-models",
        type=Path,
        metavar="PATH",
        help="first write the manifest of the model files that are there now; set OCR_MODELS_MANIFEST to it afterwards",
    )


def examine(arguments: argparse.Namespace, output: TextIO) -> ExitCode:
    """Print the findings.

    Returns:
        ALL_DONE where all is well, else ENGINE_UNAVAILABLE.

    Raises:
        BadShardError: An option is wrong.
    """
    spec = _spec(arguments)
    try:
        findings = _recorded(spec, arguments.record_models) if arguments.record_models else []
        engine = engine_class(spec.name)
        findings += engine.diagnose_quickly(spec) if arguments.quick else engine.diagnose(spec)
    except EngineUnavailableError as error:
        findings = [Finding(is_ok=False, text=str(error))]
    for finding in findings:
        print(f"{'ok' if finding.is_ok else 'missing':<8} {finding.text}", file=output, flush=True)
    return ExitCode.ALL_DONE if all(finding.is_ok for finding in findings) else ExitCode.ENGINE_UNAVAILABLE


def _spec(arguments: argparse.Namespace) -> EngineSpec:
    options: dict[str, str | int | float | bool] = {}
    for option in arguments.option:
        name, equals, value = option.partition("=")
        if not (name and equals):
            raise BadShardError(f"--option {option!r}: give NAME=VALUE, such as version=1.5")
        options[name] = value
    if arguments.without_gpu:
        options["device"] = "cpu"
    languages = tuple(language.strip() for language in arguments.languages.split(",") if language.strip())
    return EngineSpec(name=arguments.engine, languages=languages, options=options)


def _recorded(spec: EngineSpec, path: Path) -> list[Finding]:
    folder = spec.options.get("models_folder")
    models_folder = Path(str(folder)) if folder else ModelSettings.from_environment(os.environ).models_folder
    manifest = record_manifest(models_folder, path)
    return [Finding(is_ok=True, text=f"manifest of {len(manifest.files)} model files written to {path}")]
