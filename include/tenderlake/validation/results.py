"""What validation found out, as values for ``validation.json`` and the run report."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tenderlake.documents import Value

Count = Annotated[int, Field(ge=0)]

MOST_EXAMPLES = 5
"""Failures of one check that are told in words, of a document and of a run; the others are counted."""


class Severity(StrEnum):
    """What a failed check means: ``critical`` sends the document to quarantine, ``warning`` becomes a quality flag."""

    CRITICAL = "critical"
    WARNING = "warning"


class DocumentFlag(StrEnum):
    """The quality flag that a warning becomes; all are told in ``docs/quality-flags.md``."""

    VALIDATION_WARNING = "validation_warning"
    """A check without a flag of its own failed as a warning."""
    BOXES_OFF_PAGE = "boxes_off_page"
    """Boxes of blocks or fields reach outside their page, or are turned inside out."""
    SUMS_DO_NOT_ADD_UP = "sums_do_not_add_up"
    """Quantity × price is not the amount, or the rows of a table do not make its total."""
    PRICE_DIFFERS_FROM_TABLE = "price_differs_from_table"
    """The price of the purchase or the total of the estimate is not what the tables of the document make."""
    OTHER_TENDER = "other_tender"
    """The purchase number that the document gives is not the one of its path."""
    NO_TEXT = "no_text"
    """No page has any text."""


class FailedRow(Value):
    """A row that a check failed on, in words; ids are None where the row has none, as those of sources."""

    document_id: str | None
    page_number: int | None
    message: str


class CheckResult(Value):
    """One check over all rows of a run.

    ``name`` is ours and short, ``expectation`` is the type of Great Expectations. ``examples`` are the first rows that
    failed, :data:`MOST_EXAMPLES` at most.
    """

    suite: str
    name: str
    expectation: str
    severity: Severity
    checked_rows: Count = 0
    failed_rows: Count = 0
    examples: tuple[FailedRow, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether nothing failed."""
        return self.failed_rows == 0


class FoundRow(Value):
    """A row of a document that a check failed on: where, and what is wrong."""

    page_number: int | None
    message: str


class Finding(Value):
    """One check that a document failed.

    ``row_count`` are all its rows that failed, ``rows`` the first of them, :data:`MOST_EXAMPLES` at most.
    ``flag`` is what the document gets for a warning.
    """

    suite: str
    check: str
    severity: Severity
    row_count: Count
    rows: tuple[FoundRow, ...]
    flag: DocumentFlag = DocumentFlag.VALIDATION_WARNING

    @property
    def messages(self) -> tuple[str, ...]:
        """In sentences, each once; the last one counts the rows that are not told."""
        told = tuple(dict.fromkeys(row.message for row in self.rows))
        more = self.row_count - len(self.rows)
        return (*told, f"and {more} more like this: {told[-1]}") if more else told


class Verdict(Value):
    """What validation says of one document: critical failures quarantine it, warnings become quality flags."""

    findings: tuple[Finding, ...] = ()

    @property
    def critical(self) -> tuple[str, ...]:
        """Why the document goes to quarantine, in sentences; empty where it does not."""
        return self._told(Severity.CRITICAL)

    @property
    def reason(self) -> str:
        """Why the document goes to quarantine, short enough for a note."""
        told = self.critical
        more = f"; and {len(told) - MOST_EXAMPLES} more in the report of the run" if len(told) > MOST_EXAMPLES else ""
        return "; ".join(told[:MOST_EXAMPLES]) + more

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be looked at, in sentences."""
        return self._told(Severity.WARNING)

    @property
    def flags(self) -> tuple[DocumentFlag, ...]:
        """The quality flags of the document."""
        return tuple(dict.fromkeys(finding.flag for finding in self.findings if finding.severity is Severity.WARNING))

    def _told(self, severity: Severity) -> tuple[str, ...]:
        messages = (message for found in self.findings if found.severity is severity for message in found.messages)
        return tuple(dict.fromkeys(messages))


class Tally(Value):
    """Sources and their pages."""

    sources: Count = 0
    pages: Count = 0


class Reconciliation(Value):
    """The sums of a run: ``discovered`` = ``published`` + ``unpacked`` + ``skipped`` + ``quarantined`` + ``left``.

    ``discovered`` counts what discover took, the members of its archives and the pages that prepare found in it; the
    others count how they ended.
    ``errors`` name what is lost, in sentences; empty where the sums add up.
    """

    discovered: Tally
    published: Tally
    skipped: Tally
    quarantined: Tally
    left: Tally
    unpacked: Tally = Tally()
    errors: tuple[str, ...] = ()
