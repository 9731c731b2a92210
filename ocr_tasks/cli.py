"""The command line of every OCR image: ``run`` reads a shard, ``serve`` serves HTTP, ``doctor`` looks at the engine."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from ocr_tasks.contract import ExitCode, Progress
from ocr_tasks.doctor import add_doctor_arguments, examine
from ocr_tasks.errors import BadShardError, EngineUnavailableError, StoppedError, TaskError
from ocr_tasks.hiding import hide_from_processes_of_the_same_user
from ocr_tasks.logs import log_to_stderr
from ocr_tasks.pipeline import CONNECTIONS, Uploads
from ocr_tasks.reading import open_reader
from ocr_tasks.run import ShardRun, load_shard
from ocr_tasks.settings import SHARD_VARIABLE, RunSettings
from ocr_tasks.termination import exit_when_told
from ocr_tasks.transfer import Transfer

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None, output: TextIO | None = None) -> ExitCode:
    """Run the command line in this process, which is taken over: its logging and its signal handlers are set.

    Args:
        arguments: The command line without the program; by default that of the process.
        output: Where progress lines and the doctor's findings go; by default standard output.

    Returns:
        The exit code, as the contract defines it.
    """
    log_to_stderr()
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace, TextIO], ExitCode] = options.command
        return command(options, output or sys.stdout)
    except TaskError as error:
        log.error("%s", error)
        return error.exit_code
    except MemoryError:
        log.error("out of memory: run fewer pages at once or give the container more memory")
        return ExitCode.OUT_OF_MEMORY


def _run(options: argparse.Namespace, output: TextIO) -> ExitCode:
    hide_from_processes_of_the_same_user()  # the address of the shard is signed, and an engine may start programs
    address = options.shard or os.environ.get(SHARD_VARIABLE, "")
    if not address:
        raise BadShardError(f"no shard: give its URL or path, or set {SHARD_VARIABLE}")
    settings = RunSettings.from_environment(os.environ)
    uploads = Uploads(settings.prefetch_pages)
    exit_when_told(uploads.finish)
    # Relative paths in a shard are relative to the folder it lies in.
    base_folder = None if "://" in address else Path(address).absolute().parent
    transfer = Transfer(connections=CONNECTIONS, base_folder=base_folder)
    shard = load_shard(address if base_folder is None else Path(address).name, transfer)
    reader = open_reader(shard.engine, settings)
    try:
        return ShardRun(shard, reader, transfer, settings, _line_writer(output), uploads).run()
    finally:
        reader.close()


def _serve(_options: argparse.Namespace, _output: TextIO) -> ExitCode:
    hide_from_processes_of_the_same_user()
    try:
        from ocr_tasks.service.server import serve  # here: not every image has what it needs
    except ImportError as error:
        raise EngineUnavailableError(
            f"the service cannot run in this image ({error}): run the one that has it"
        ) from error
    return serve(os.environ)


def _line_writer(output: TextIO) -> Callable[[Progress], None]:
    def write(progress: Progress) -> None:
        try:
            output.write(progress.model_dump_json(exclude_none=True) + "\n")
            output.flush()
        except BrokenPipeError:
            raise StoppedError("stopped: nobody reads the progress any more") from None

    return write


class _Parser(argparse.ArgumentParser):
    """A parser whose errors end as a bad shard does: argparse's own exit code 2 is not in the contract."""

    def error(self, message: str) -> NoReturn:
        raise BadShardError(f"{message}; try --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ocr_tasks", description="Reads page images with an OCR engine.")
    commands = parser.add_subparsers(required=True, metavar="run|serve|doctor")
    run = commands.add_parser(
        "run",
        help="read the pages of a shard",
        description="Reads the pages of a shard; prints one JSON progress line a page on standard output, logs on "
        "standard error. Exit codes: 0 all pages done, 10 some pages failed for good, 64 bad shard, 69 engine or "
        "language data missing, 75 temporary (storage, stopped), 137 out of memory.",
    )
    run.add_argument("shard", nargs="?", help=f"URL or path of the shard; by default that of {SHARD_VARIABLE}")
    run.set_defaults(command=_run)
    serve = commands.add_parser(
        "serve",
        help="answer HTTP requests with what documents say",
        description="Serves POST /ocr, GET /health and /openapi.json; settings are environment variables, described in "
        "docs/ocr-service.md. Exit codes when it is stopped: 0 every request was answered, 75 documents were given up; "
        "64 a setting is wrong.",
    )
    serve.set_defaults(command=_serve)
    doctor = commands.add_parser("doctor", help="check that an engine can run here")
    add_doctor_arguments(doctor)
    doctor.set_defaults(command=examine)
    return parser
