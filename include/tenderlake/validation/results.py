"""What validation found out, as values for ``validation.json`` and the run report."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tenderlake.documents import Value

Count = Annotated[int, Field(ge=0)]


class Severity(StrEnum):
    """What a failed check means: ``critical`` sends the document to quarantine, ``warning`` becomes a quality flag."""

    CRITICAL = "critical"
    WARNING = "warning"


class CheckResult(Value):
    """One check over all batches of a run.

    ``name`` is ours and short, ``expectation`` is the type of Great Expectations. ``examples`` are the first failures
    in words.
    """

    suite: str
    name: str
    expectation: str
    severity: Severity
    checked_rows: Count = 0
    failed_rows: Count = 0
    examples: tuple[str, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether nothing failed."""
        return self.failed_rows == 0


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
