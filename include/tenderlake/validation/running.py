"""Running suites with Great Expectations: the one place that knows its ways.

* The library takes five seconds to import, so it is imported when the first runner is made.
* A suite of forty expectations takes it a second or two, however few rows there are: hand it large frames.
* A missing column, or any exception in an expectation, makes it answer ``success = False`` as bad data would: here it
  is an error of the pipeline.
* ``Batch.validate`` is used, since ``ValidationDefinition.run`` keeps every result in a store that grows.
* The context is told to make no Data Docs: by default every one leaves a folder in the temporary directory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tenderlake.errors import NeedsPersonError
from tenderlake.validation.frames import records
from tenderlake.validation.results import MOST_EXAMPLES, CheckResult, FailedRow
from tenderlake.validation.suiteresults import SuiteResult
from tenderlake.validation.suites import Check, Row, Suite

_CHECK = "check"
_MOST_LOOKED_AT = 100
"""Failed rows of a frame among which different examples are looked for."""


class ValidationBrokenError(NeedsPersonError):
    """The checks could not be made, or the rows are not of the schema: an error of the pipeline, not of a document."""


@dataclass(frozen=True)
class Failure:
    """One check that failed on a frame: the rows it failed on, None where the frame as a whole did."""

    check: Check
    rows: pd.DataFrame | None


@dataclass
class _Tally:
    """One check over all frames so far."""

    checked_rows: int = 0
    failed_rows: int = 0
    examples: dict[str, FailedRow] = field(default_factory=dict)
    """By their message."""

    def add(self, suite: Suite, failure: Failure) -> None:
        self.failed_rows += 1 if failure.rows is None else len(failure.rows)
        for row, message in told(suite, failure, _MOST_LOOKED_AT):
            if len(self.examples) >= MOST_EXAMPLES:
                return
            number = row.get("page_number")
            example = FailedRow(document_id=row.get("document_id"), page_number=number, message=message)
            self.examples.setdefault(message, example)


class SuiteRunner:
    """Runs suites on frames and sums up their results; one for a whole run, since making one takes seconds.

    Of earlier frames only counts and a few examples are kept.
    """

    def __init__(self) -> None:
        import great_expectations as gx
        from great_expectations import expectations
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        self._gx, self._gxe = gx, expectations
        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
        )
        self._source = gx.get_context(mode="ephemeral", project_config=config).data_sources.add_pandas("memory")
        self._assets: dict[str, tuple[Any, Any]] = {}
        self._tallies: dict[tuple[str, str], tuple[Suite, Check, _Tally]] = {}
        self._suite_results: dict[str, SuiteResult] = {}

    def run(self, suite: Suite, frame: pd.DataFrame) -> list[Failure]:
        """Run a suite on a frame; returns the checks that failed, in the suite's order.

        Raises:
            ValidationBrokenError: an expectation could not be evaluated, or a structural check failed.
        """
        batch_definition, expectations = self._prepared(suite)
        numbered = frame.reset_index(drop=True)
        answers = batch_definition.get_batch(batch_parameters={"dataframe": numbered}).validate(
            expectations, result_format={"result_format": "COMPLETE"}
        )
        by_name = {answer.expectation_config.meta[_CHECK]: answer for answer in answers.results}
        failures = []
        for check in suite.checks:
            answer = by_name[check.name]
            _require_answer(suite, check, answer)
            failure = None if answer.success else Failure(check, _failed_rows(numbered, answer))
            self._count(suite, check, len(frame), failure)
            if failure is not None:
                failures.append(failure)
        result = self._suite_results.setdefault(suite.name, SuiteResult(suite.name))
        result.add([by_name[check.name] for check in suite.checks], numbered)
        return failures

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """Every check made so far, summed over all frames."""
        return tuple(
            CheckResult(
                suite=suite.name,
                name=check.name,
                expectation=check.expect(self._gxe).expectation_type,
                severity=check.severity,
                checked_rows=tally.checked_rows,
                failed_rows=tally.failed_rows,
                examples=tuple(tally.examples.values()),
            )
            for suite, check, tally in self._tallies.values()
        )

    @property
    def suite_results(self) -> tuple[SuiteResult, ...]:
        """The library's own results, one a suite, summed over all frames."""
        return tuple(self._suite_results.values())

    def _prepared(self, suite: Suite) -> tuple[Any, Any]:
        if suite.name not in self._assets:
            expectations = []
            for check in suite.checks:
                expectation = check.expect(self._gxe)
                expectation.meta = {_CHECK: check.name}
                expectation.severity = check.severity.value
                expectations.append(expectation)
            asset = self._source.add_dataframe_asset(suite.name)
            self._assets[suite.name] = (
                asset.add_batch_definition_whole_dataframe("all"),
                self._gx.ExpectationSuite(suite.name, expectations=expectations),
            )
        return self._assets[suite.name]

    def _count(self, suite: Suite, check: Check, row_count: int, failure: Failure | None) -> None:
        _, _, tally = self._tallies.setdefault((suite.name, check.name), (suite, check, _Tally()))
        tally.checked_rows += row_count
        if failure is not None:
            tally.add(suite, failure)


def told(suite: Suite, failure: Failure, most: int) -> list[tuple[Row, str]]:
    """The first rows that failed, each with what is wrong in words; an empty row where the frame as a whole failed."""
    if failure.rows is None:
        return [({}, failure.check.tell({}))]
    return [(row, suite.place(row) + failure.check.tell(row)) for row in records(failure.rows.head(most))]


def _require_answer(suite: Suite, check: Check, answer: Any) -> None:
    """Tell a check that could not be made, or that is about the code, from one that data failed."""
    info = answer.exception_info or {}
    details = [info] if "raised_exception" in info else list(info.values())
    raised = [detail["exception_message"] for detail in details if detail.get("raised_exception")]
    if raised:
        raise ValidationBrokenError(f"check {check.name} of {suite.name} could not be made: {raised[0]}")
    if check.is_structural and not answer.success:
        raise ValidationBrokenError(
            f"check {check.name} of {suite.name} failed: {check.tell({})} and is "
            f"{answer.result.get('observed_value')}; make frames with tenderlake.validation.frames.to_frame"
        )


def _failed_rows(frame: pd.DataFrame, answer: Any) -> pd.DataFrame | None:
    """By their places, which the library gives where no other columns are asked for."""
    places = answer.result.get("unexpected_index_list")
    return None if places is None else frame.iloc[sorted(set(places))]
