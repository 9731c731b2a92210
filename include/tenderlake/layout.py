"""Where everything lies in the bucket: the one place that builds S3 keys.

``inbox/<any path>``                              what people drop; never changed
``lake/<table>/ingest_date=YYYY-MM-DD/part-<n>.parquet``
``markdown/<path in inbox>[/<path in archive>].md``
``quarantine/<state>/<path in inbox>.json``
``work/documents/<document_id>/<options>/``       manifest, native texts, page images
``work/ocr/<page_key>.json``                      page results, addressed by content
``work/runs/<run>/``                              claim, batches, shards, staging tables
``reports/<run>/``                                what happened
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from tenderlake.settings import Settings
from tenderlake.states import SourceState


def run_folder(run_id: str) -> str:
    """The run id as one path segment that is safe in URLs and file systems."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", run_id)


@dataclass(frozen=True)
class Layout:
    """S3 keys, made from the prefixes of the settings."""

    settings: Settings

    @property
    def inbox(self) -> str:
        """Prefix of the inbox."""
        return self.settings.inbox_prefix

    def path_in_inbox(self, key: str) -> str:
        """The path that people know: the key without the inbox prefix."""
        return key.removeprefix(self.settings.inbox_prefix)

    def table(self, table: str) -> str:
        """Prefix of all partitions of a table."""
        return f"{self.settings.lake_prefix}{table}/"

    def partition(self, table: str, ingest_date: dt.date, part: int = 0) -> str:
        """One Parquet object."""
        return f"{self.table(table)}ingest_date={ingest_date.isoformat()}/part-{part}.parquet"

    def markdown(self, source_key: str, archive_path: str | None = None) -> str:
        """The Markdown of a source."""
        member = f"/{archive_path}" if archive_path else ""
        return f"{self.settings.markdown_prefix}{self.path_in_inbox(source_key)}{member}.md"

    def quarantine(self, state: SourceState, source_key: str, archive_path: str | None = None) -> str:
        """The note on a quarantined source."""
        member = f"/{archive_path}" if archive_path else ""
        return f"{self.settings.quarantine_prefix}{state.value}/{self.path_in_inbox(source_key)}{member}.json"

    def document(self, document_id: str, options_digest: str) -> str:
        """Prefix of what prepare made of a document."""
        return f"{self.settings.work_prefix}documents/{document_id}/{options_digest}/"

    def page_result(self, page_key: str) -> str:
        """The result of one page."""
        return f"{self.settings.work_prefix}ocr/{page_key}.json"

    @property
    def runs(self) -> str:
        """Prefix of all runs."""
        return f"{self.settings.work_prefix}runs/"

    def run(self, run_id: str, name: str) -> str:
        """An object of a run."""
        return f"{self.runs}{run_folder(run_id)}/{name}"

    @property
    def claims(self) -> str:
        """Prefix of the claims of all runs in flight."""
        return f"{self.settings.work_prefix}claims/"

    def claim(self, run_id: str) -> str:
        """The claim of a run: which sources it has taken."""
        return f"{self.claims}{run_folder(run_id)}.json"

    @property
    def unfinished_publishing(self) -> str:
        """Prefix of the marks of runs whose publishing has begun and not ended."""
        return f"{self.settings.work_prefix}publishing/"

    def publishing_mark(self, run_id: str) -> str:
        """The mark of a run that is being published."""
        return f"{self.unfinished_publishing}{run_folder(run_id)}.json"

    def staging(self, run_id: str, table: str, batch: int) -> str:
        """Rows of one batch, before they are validated and published."""
        return self.run(run_id, f"staging/{table}/batch-{batch:04d}.parquet")

    def report(self, run_id: str, name: str) -> str:
        """A file of the run's report."""
        return f"{self.settings.reports_prefix}{run_folder(run_id)}/{name}"
