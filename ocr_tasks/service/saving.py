"""Saves what was read: always in a local folder, and in S3 where that is configured. S3 that fails fails no request."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import threading
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ocr_tasks.errors import BadShardError
from ocr_tasks.service.answers import DocumentResult, Saved, SavedInS3, StorageState
from ocr_tasks.service.settings import S3Settings, ServiceSettings

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}")
_PART = ".part-"
_SECONDS_A_DAY = 86_400.0
_CLEANING_PAUSE_S = 60.0
_LEFT_S = 3600.0
"""A folder that is half written for so long is that of a process that was killed."""


def new_request_id() -> str:
    """A name that sorts by time and cannot be guessed: it is the name of the folder that results are saved in."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"


class LocalFolder:
    """One folder a request; each appears whole or not at all.

    Args:
        folder: Where they are.
        keep_days: Older ones are deleted.
        keep_bytes: The oldest are deleted while all together are larger.
    """

    def __init__(self, folder: Path, keep_days: float, keep_bytes: int) -> None:
        self._folder = folder
        self._keep_s = keep_days * _SECONDS_A_DAY
        self._keep_bytes = keep_bytes
        self._cleaning = threading.Lock()
        self._cleaned = float("-inf")

    def check(self) -> None:
        """Make the folder where there is none.

        Raises:
            BadShardError: Nothing can be written there.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / f"{_PART}{secrets.token_hex(8)}"
            probe.mkdir()
            probe.rmdir()
        except OSError as error:
            raise BadShardError(
                f"OCR_SERVICE_OUTPUT={self._folder} cannot be written ({error.strerror}): mount a folder there that "
                f"user {os.getuid()} may write, or name another one"
            ) from None

    def save(self, request_id: str, files: dict[str, bytes]) -> Path:
        """Write the files of a request.

        Raises:
            OSError: They could not be written; nothing of them is left.
        """
        part = self._folder / f"{_PART}{request_id}"
        target = self._folder / request_id
        try:
            part.mkdir(parents=True)
            for name, data in files.items():
                (part / name).write_bytes(data)
            part.rename(target)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return target

    def clean(self) -> None:
        """Delete what is too old or too much, never the newest, and what was left half written long ago.

        Other files in the folder are left alone. At most once a minute: there may be very many results to look at.
        """
        if not self._cleaning.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._cleaned >= _CLEANING_PAUSE_S:
                self._cleaned = time.monotonic()
                self._clean()
        finally:
            self._cleaning.release()

    def _clean(self) -> None:
        saved = sorted(path for path in self._folder.iterdir() if _REQUEST_ID.fullmatch(path.name))
        sizes = {path: _size(path) for path in saved}
        total = sum(sizes.values())
        oldest_kept = time.time() - self._keep_s
        for path in saved[:-1]:
            if total <= self._keep_bytes and _modified(path) >= oldest_kept:
                continue
            shutil.rmtree(path, ignore_errors=True)
            total -= sizes[path]
        # Another service may be writing into the same folder just now.
        left_before = time.time() - _LEFT_S
        for left in self._folder.glob(f"{_PART}*"):
            if _modified(left) < left_before:
                shutil.rmtree(left, ignore_errors=True)


class S3Folder:
    """The copy in S3."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            # Cloud.ru's key identifier is tenant_id:key_id in one, and is signed with as it is.
            aws_access_key_id=settings.access_key.get_secret_value(),
            aws_secret_access_key=settings.secret_key.get_secret_value(),
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 2, "mode": "standard"},
                # Check sums in trailers are newer than many stores.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                proxies={},
            ),
        )

    def save(self, request_id: str, files: dict[str, bytes]) -> str:
        """Write the files of a request and return where they are.

        Raises:
            OSError: They could not be written; its message holds no secrets.
        """
        folder = f"{self._settings.prefix}/{request_id}"
        try:
            for name, data in files.items():
                kind = "application/json" if name.endswith(".json") else "text/markdown; charset=utf-8"
                self._client.put_object(
                    Bucket=self._settings.bucket, Key=f"{folder}/{name}", Body=data, ContentType=kind
                )
        except ClientError as error:
            answer = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            raise OSError(f"S3 refused ({status} {answer.get('Code', '')})") from None
        except BotoCoreError as error:
            raise OSError(f"S3 was not reached ({type(error).__name__})") from None
        return f"s3://{self._settings.bucket}/{folder}"


class Output:
    """Where results go."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.local = LocalFolder(settings.output, settings.keep_days, settings.keep_bytes)
        self._s3 = S3Folder(settings.s3) if settings.s3 else None
        self.s3_error: str | None = None
        """Why the last result was not saved in S3, None where it was."""

    @property
    def s3_state(self) -> StorageState:
        """Whether results are saved in S3 too."""
        return StorageState.CONFIGURED if self._s3 else StorageState.NOT_CONFIGURED

    def save(self, result: DocumentResult) -> Saved:
        """Save a result wherever that works, and say where it is."""
        files = {
            "result.json": result.model_dump_json(indent=1).encode(),
            "result.md": (result.markdown + "\n").encode(),
        }
        local: Path | None = None
        local_error: str | None = None
        try:
            local = self.local.save(result.request_id, files)
        except OSError as error:
            local_error = f"not saved locally: {error.strerror}"
            log.error("%s %s", result.request_id, local_error)
        with suppress(OSError):
            self.local.clean()
        return Saved(local=str(local) if local else None, local_error=local_error, s3=self._save_in_s3(result, files))

    def _save_in_s3(self, result: DocumentResult, files: dict[str, bytes]) -> SavedInS3:
        if self._s3 is None:
            return SavedInS3(status=StorageState.NOT_CONFIGURED)
        location: str | None = None
        self.s3_error = None
        try:
            location = self._s3.save(result.request_id, files)
        except OSError as error:
            self.s3_error = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC: {error}"
            log.error("%s not saved in S3: %s", result.request_id, error)
        return SavedInS3(status=StorageState.CONFIGURED, location=location, error=self.s3_error)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _modified(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
