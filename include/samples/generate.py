"""Make the sample documents: ``python include/samples/generate.py [output folder]``.

Writes the documents into the output folder. Without one it renews what the repository holds: ``documents/``, ``truth/``
(what every page of a scanned file says, pages parted by form feeds) and ``expected.tsv`` (what must become of each
file). The same library versions give the same bytes each time.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))

from samples.collection import Sample, make_samples  # noqa: E402 - found through the line above when run as a script
from samples.typesetting import FontsMissingError, find_fonts  # noqa: E402

DOCUMENTS = HERE / "documents"
TRUTH = HERE / "truth"
EXPECTED = HERE / "expected.tsv"
_COLUMNS = ("path", "state", "pages", "native_pages", "ocr_pages", "facts")


def write_documents(samples: Sequence[Sample], folder: Path) -> None:
    """The files, in the folders of their paths."""
    for sample in samples:
        path = folder / sample.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)


def truth_files(samples: Sequence[Sample]) -> dict[str, str]:
    """Name in ``truth/`` and text, of the samples that need OCR."""
    return {f"{sample.path.rpartition('/')[2]}.txt": "\f".join(sample.truth) for sample in samples if sample.truth}


def expected_table(samples: Sequence[Sample]) -> str:
    """The text of ``expected.tsv``: a line a file, facts parted by ``;``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
    writer.writerow(_COLUMNS)
    for sample in samples:
        writer.writerow(
            (
                sample.path,
                sample.state,
                sample.pages,
                sample.native_pages,
                sample.ocr_pages,
                ";".join(sample.facts),
            )
        )
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the sample documents of the project.")
    parser.add_argument("output", nargs="?", type=Path, help="folder for the documents (default: renew the committed)")
    parser.add_argument("--fonts", type=Path, help="folder of the Liberation fonts (default: where systems keep them)")
    options = parser.parse_args(arguments)
    try:
        samples = make_samples(find_fonts(options.fonts))
    except FontsMissingError as error:
        print(error, file=sys.stderr)
        return 1
    if options.output is None:
        for folder in (DOCUMENTS, TRUTH):
            shutil.rmtree(folder, ignore_errors=True)
        TRUTH.mkdir()
        for name, text in truth_files(samples).items():
            (TRUTH / name).write_text(text, encoding="utf-8")
        EXPECTED.write_text(expected_table(samples), encoding="utf-8")
    folder = options.output or DOCUMENTS
    write_documents(samples, folder)
    print(f"{len(samples)} files, {sum(len(sample.data) for sample in samples):,} bytes in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
