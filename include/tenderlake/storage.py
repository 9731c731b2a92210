"""S3: the one way to read and write objects, with errors that say what to do.

Works with any S3-compatible store. boto3's own retries are on; what still fails is told apart: what time mends (no
answer, an error of the store's own), what a person has to mend (keys, endpoint, a request that is refused), and what is
the caller's to decide (a missing or changed object).
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EndpointProviderError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSLError,
)
from pydantic import BaseModel

from tenderlake.errors import NeedsPersonError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

TModel = TypeVar("TModel", bound=BaseModel)
TItem = TypeVar("TItem")
TResult = TypeVar("TResult")

PARALLEL_REQUESTS = 16
_CHUNK_BYTES = 1 << 20

_TRANSIENT_CODES = frozenset({"RequestTimeout", "IncompleteBody", "BadDigest", "TooManyRequests", "Throttling"})
"""Of answers with status 4xx, 5xx aside: the request was cut or damaged on its way, or came too soon."""
_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})


class StorageError(Exception):
    """Storage failed in a way that no single document is to blame for."""


class StorageUnavailableError(StorageError):
    """Storage cannot be reached, or answers with an error of its own: a retry may help."""


class StorageAccessError(StorageError, NeedsPersonError):
    """Storage cannot be used as it is set up (endpoint, keys, bucket, certificate): a person has to mend that."""


class StorageRefusedError(StorageError, NeedsPersonError):
    """Storage refuses this very request, now and later.

    ``code`` is what S3 calls the reason, ``key`` the object or prefix.
    """

    def __init__(self, message: str, *, code: str, key: str) -> None:
        super().__init__(message)
        self.code, self.key = code, key


class ObjectMissingError(StorageError):
    """The object is not there."""


class ObjectTooLargeError(Exception):
    """The object is larger than the caller allows."""


class DiskFullError(StorageError):
    """The disk here has no space for what is downloaded: a retry may find some."""


class ConditionFailedError(StorageError):
    """The object is not the version that was asked for: somebody has written it since."""


@dataclass(frozen=True)
class ObjectInfo:
    """One listed object. ``etag`` is without quotes."""

    key: str
    etag: str
    size_bytes: int
    last_modified: datetime


@dataclass(frozen=True)
class Download:
    """A file that was downloaded, with the SHA-256 of its bytes in hexadecimal; ``etag`` is without quotes."""

    path: Path
    size_bytes: int
    sha256: str
    etag: str


def client_config() -> Config:
    """Settings of the S3 client that every S3-compatible store understands.

    boto3 sends CRC32 checksums by default since 1.36, which many stores refuse: only where an operation requires them.
    """
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"max_attempts": 5, "mode": "standard"},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=PARALLEL_REQUESTS,
    )


@dataclass(frozen=True)
class Storage:
    """One bucket. ``client`` is a boto3 S3 client made with :func:`client_config`."""

    client: S3Client = field(repr=False)
    bucket: str

    @property
    def endpoint_url(self) -> str:
        """Where the storage is."""
        return str(self.client.meta.endpoint_url)

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._answered(error, key) from error
        except S3UploadFailedError as error:
            # boto3 hides the answer to an upload in this one.
            raise (
                self._answered(error.__context__, key)
                if isinstance(error.__context__, ClientError)
                else StorageUnavailableError(f"S3 at {self.endpoint_url} failed on {key!r}: {_one_line(error)}")
            ) from error
        except BotoCoreError as error:
            raise self._not_answered(error, key) from error

    def _answered(self, error: ClientError, key: str) -> StorageError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            return StorageAccessError(f"S3 has no bucket {self.bucket!r}: create it or set TENDERLAKE_BUCKET")
        if status in (401, 403) and code != "InvalidObjectState":  # that is an archived object, not a wrong key
            return StorageAccessError(
                f"S3 at {self.endpoint_url} refused the credentials for bucket {self.bucket!r} ({code}): check the "
                "keys of the connection and the bucket's policy"
            )
        if status == 404:
            return ObjectMissingError(f"s3://{self.bucket}/{key} does not exist")
        if status == 412 or code == "ConditionalRequestConflict":  # 409 of AWS: a write at the same moment
            return ConditionFailedError(f"s3://{self.bucket}/{key} was written by somebody else")
        if 300 <= status < 500 and status not in _TRANSIENT_STATUSES and code not in _TRANSIENT_CODES:
            why = _one_line(error.response.get("Error", {}).get("Message", ""))
            return StorageRefusedError(
                f"S3 at {self.endpoint_url} refuses s3://{self.bucket}/{key}: {code or status} {why}".rstrip(),
                code=code or str(status),
                key=key,
            )
        return StorageUnavailableError(f"S3 at {self.endpoint_url} answered {code or status} for {key!r}")

    def _not_answered(self, error: BotoCoreError, key: str) -> StorageError:
        at = f"S3 at {self.endpoint_url}"
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return StorageAccessError(f"no credentials for {at}: give the Airflow connection a login and a password")
        if isinstance(error, EndpointProviderError):
            return StorageAccessError(f"{at}: the endpoint is no address that begins with http:// or https://")
        if isinstance(error, ParamValidationError):
            return StorageAccessError(
                f"bucket {self.bucket!r} with key {key!r} is no name that S3 takes: set TENDERLAKE_BUCKET "
                f"({_one_line(error)})"
            )
        if isinstance(error, SSLError) and (problem := _tls_problem(error)):
            return StorageAccessError(f"{at}: {problem} ({_one_line(error)})")
        if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
            return StorageUnavailableError(
                f"cannot reach S3 at {self.endpoint_url}: check that the server runs and the endpoint is right"
            )
        return StorageUnavailableError(f"{at} failed on {key!r}: {_one_line(error)}")

    def check(self) -> None:
        """Raise the error that says what is wrong where the bucket cannot be used."""
        with self._errors(""):
            try:
                self.client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                    error.response["Error"]["Code"] = "NoSuchBucket"
                raise

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, those listed after a key only, a page of 1000 at a time in memory."""
        with self._errors(prefix):
            paginator = self.client.get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=start_after):
                for item in page.get("Contents", ()):
                    yield ObjectInfo(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])

    def head(self, key: str) -> ObjectInfo:
        """Facts about one object."""
        with self._errors(key):
            item = self.client.head_object(Bucket=self.bucket, Key=key)
        return ObjectInfo(key, item["ETag"].strip('"'), item["ContentLength"], item["LastModified"])

    def exists(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            self.head(key)
        except ObjectMissingError:
            return False
        return True

    def get_bytes(self, key: str, max_bytes: int | None = None) -> bytes:
        """A small object as a whole; one of more than ``max_bytes`` raises :class:`ObjectTooLargeError`."""
        with self._errors(key):
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            if max_bytes is not None and answer["ContentLength"] > max_bytes:
                raise ObjectTooLargeError(f"{key} is larger than {max_bytes} bytes")
            return answer["Body"].read()

    def get_model(self, key: str, model: type[TModel]) -> TModel:
        """A JSON object as a typed value."""
        return model.model_validate_json(self.get_bytes(key))

    def put_bytes(self, key: str, data: bytes, media_type: str) -> None:
        """Write a small object."""
        with self._errors(key):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=media_type)

    def put_model(self, key: str, value: BaseModel) -> None:
        """Write a typed value as a JSON object."""
        self.put_bytes(key, value.model_dump_json().encode(), "application/json")

    def upload(self, path: Path, key: str, media_type: str) -> None:
        """Write a file; large ones in parts, visible only when complete."""
        with self._errors(key):
            self.client.upload_file(str(path), self.bucket, key, ExtraArgs={"ContentType": media_type})

    def replace(self, path: Path, key: str, media_type: str, *, etag: str | None) -> None:
        """Write a file in place of the version that was read, in one request.

        Stores that know no conditions write it in any case (see :meth:`honours_conditions`). Not in parts: SeaweedFS
        4.48 checks the condition of such an upload before it writes, so that two of them may both succeed.

        Args:
            path: the file, at most 5 GiB.
            key: the object.
            media_type: of the file.
            etag: the version that is replaced; None where there is no object yet.

        Raises:
            ConditionFailedError: another version is there; nothing was written.
        """
        condition: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
        try:
            with self._errors(key), path.open("rb") as file:
                self.client.put_object(Bucket=self.bucket, Key=key, Body=file, ContentType=media_type, **condition)
        except ObjectMissingError as error:  # what AWS answers to If-Match where nothing is there
            raise ConditionFailedError(f"s3://{self.bucket}/{key} was deleted by somebody else") from error

    def honours_conditions(self, key: str) -> bool:
        """Whether the store refuses a PUT whose condition does not hold: tried on an object of that key."""

        def is_refused(**condition: str) -> bool:
            try:
                with self._errors(key):
                    self.client.put_object(Bucket=self.bucket, Key=key, Body=b"", **condition)  # type: ignore[arg-type]
            except ConditionFailedError:
                return True
            except (StorageRefusedError, StorageUnavailableError):  # 501 Not Implemented
                return False
            return False

        self.put_bytes(key, b"", "application/octet-stream")
        etag = self.head(key).etag
        is_honoured = is_refused(IfNoneMatch="*") and is_refused(IfMatch='"0"') and not is_refused(IfMatch=f'"{etag}"')
        self.delete([key])
        return is_honoured

    def download(self, key: str, path: Path, *, etag: str | None = None, max_bytes: int | None = None) -> Download:
        """Fetch an object to a file in constant memory.

        Args:
            key: the object.
            path: the file that is written.
            etag: fetch only this version; another one raises :class:`ConditionFailedError`.
            max_bytes: a larger object raises :class:`ObjectTooLargeError` before it fills the disk.

        Raises:
            DiskFullError: no space is left for the file.
        """
        digest, size = hashlib.sha256(), 0
        extra: dict[str, Any] = {"IfMatch": etag} if etag else {}
        with self._errors(key), self._disk_space(key, path), path.open("wb") as file:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, **extra)
            for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                size += len(chunk)
                if max_bytes is not None and size > max_bytes:
                    raise ObjectTooLargeError(f"{key} is larger than {max_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
        return Download(path, size, digest.hexdigest(), answer["ETag"].strip('"'))

    @contextmanager
    def _disk_space(self, key: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFullError(
                f"no space is left on the disk of {path}, to which s3://{self.bucket}/{key} is downloaded: free some, "
                "or set TMPDIR to a folder on another disk"
            ) from error

    def get_range(self, key: str, start: int, size_bytes: int, *, etag: str) -> bytes:
        """A piece of one version of an object; another version raises :class:`ConditionFailedError`."""
        with self._errors(key):
            answer = self.client.get_object(
                Bucket=self.bucket, Key=key, Range=f"bytes={start}-{start + size_bytes - 1}", IfMatch=f'"{etag}"'
            )
            return answer["Body"].read()

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy within the bucket, without the bytes passing through here."""
        with self._errors(source_key):
            self.client.copy_object(
                Bucket=self.bucket, Key=target_key, CopySource={"Bucket": self.bucket, "Key": source_key}
            )

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, a thousand a request; missing ones are no error."""
        pending: list[str] = []
        for key in keys:
            pending.append(key)
            if len(pending) == 1000:
                self._delete_batch(pending)
                pending = []
        if pending:
            self._delete_batch(pending)

    def _delete_batch(self, keys: list[str]) -> None:
        with self._errors(keys[0]):
            answer = self.client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise StorageUnavailableError(f"S3 did not delete {first.get('Key')!r}: {first.get('Message')}")

    def presign_get(self, key: str, expires_s: int) -> str:
        """A URL that lets its holder read one object for a while."""
        return str(
            self.client.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=expires_s
            )
        )

    def presign_put(self, key: str, expires_s: int) -> str:
        """A URL that lets its holder write one object for a while."""
        return str(
            self.client.generate_presigned_url(
                "put_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=expires_s
            )
        )

    def in_parallel(self, function: Callable[[TItem], TResult], items: Iterable[TItem]) -> list[TResult]:
        """Run requests side by side (boto3 clients are thread-safe); results in order, the first error is raised."""
        with ThreadPoolExecutor(min(PARALLEL_REQUESTS, 4 * (os.cpu_count() or 1))) as pool:
            return list(pool.map(function, items))


def _tls_problem(error: SSLError) -> str | None:
    """What a person has to do about TLS, None where it is not to blame."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "its TLS certificate is not trusted: set AWS_CA_BUNDLE, or `verify` in the extra of the Airflow "
            "connection, to a file with the certificate of its authority"
        )
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return "the server does not speak TLS: the endpoint probably begins with http://"
    if "No such file" in text or "NO_CERTIFICATE_OR_CRL_FOUND" in text:
        return "the file with trusted certificates cannot be read: set AWS_CA_BUNDLE or `verify` to one that exists"
    return None


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
