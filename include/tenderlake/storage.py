"""S3: the one way to read and write objects, with errors that say what to do.

Works with any S3-compatible store. boto3's own retries are on; what still fails is told apart: storage that cannot be
reached or refuses the credentials stops a stage, a missing object is the caller's to decide.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
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


class StorageError(Exception):
    """Storage failed in a way that no single document is to blame for."""


class StorageUnavailableError(StorageError):
    """Storage cannot be reached, or answers with an error of its own: a retry may help."""


class StorageAccessError(StorageError, NeedsPersonError):
    """Storage refuses the credentials or the bucket: a person has to mend the settings."""


class ObjectMissingError(StorageError):
    """The object is not there."""


class ObjectTooLargeError(Exception):
    """The object is larger than the caller allows."""


class ConditionFailedError(StorageError):
    """A conditional write lost: the object exists already (or changed)."""


@dataclass(frozen=True)
class ObjectInfo:
    """One listed object. ``etag`` is without quotes."""

    key: str
    etag: str
    size_bytes: int
    last_modified: datetime


@dataclass(frozen=True)
class Download:
    """A file that was downloaded, with the SHA-256 of its bytes in hexadecimal."""

    path: Path
    size_bytes: int
    sha256: str


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


def storage_from_environment(bucket: str) -> Storage:
    """Storage for commands outside Airflow: endpoint and keys from boto3's own variables (``AWS_ENDPOINT_URL`` …)."""
    return Storage(boto3.client("s3", config=client_config()), bucket)


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
            raise self._typed(error, key) from error
        except NoCredentialsError as error:
            raise StorageAccessError(
                f"no S3 credentials for {self.endpoint_url}: set the Airflow connection (or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY)"
            ) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise StorageUnavailableError(
                f"cannot reach S3 at {self.endpoint_url}: check that the server runs and the endpoint is right"
            ) from error
        except BotoCoreError as error:
            raise StorageUnavailableError(f"S3 at {self.endpoint_url} failed on {key!r}: {error}") from error

    def _typed(self, error: ClientError, key: str) -> StorageError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            return StorageAccessError(f"S3 has no bucket {self.bucket!r}: create it or set TENDERLAKE_BUCKET")
        if status in (401, 403):
            return StorageAccessError(
                f"S3 at {self.endpoint_url} refused the credentials for bucket {self.bucket!r} ({code}): check the "
                "keys of the connection and the bucket's policy"
            )
        if status == 404:
            return ObjectMissingError(f"s3://{self.bucket}/{key} does not exist")
        if status in (409, 412):
            return ConditionFailedError(f"s3://{self.bucket}/{key} was written by somebody else")
        return StorageUnavailableError(f"S3 at {self.endpoint_url} answered {code or status} for {key!r}")

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

    def put_bytes(self, key: str, data: bytes, media_type: str, *, only_if_new: bool = False) -> None:
        """Write a small object; ``only_if_new`` loses with :class:`ConditionFailedError` where it exists.

        Not every store honours the condition: nothing may rest on it alone.
        """
        extra: dict[str, Any] = {"IfNoneMatch": "*"} if only_if_new else {}
        with self._errors(key):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=media_type, **extra)

    def put_model(self, key: str, value: BaseModel) -> None:
        """Write a typed value as a JSON object."""
        self.put_bytes(key, value.model_dump_json().encode(), "application/json")

    def upload(self, path: Path, key: str, media_type: str) -> None:
        """Write a file; large ones in parts, visible only when complete."""
        with self._errors(key):
            self.client.upload_file(str(path), self.bucket, key, ExtraArgs={"ContentType": media_type})

    def download(self, key: str, path: Path, *, etag: str | None = None, max_bytes: int | None = None) -> Download:
        """Fetch an object to a file in constant memory.

        Args:
            key: the object.
            path: the file that is written.
            etag: fetch only this version; another one raises :class:`ConditionFailedError`.
            max_bytes: a larger object raises :class:`ObjectTooLargeError` before it fills the disk.
        """
        digest, size = hashlib.sha256(), 0
        extra: dict[str, Any] = {"IfMatch": etag} if etag else {}
        with self._errors(key), path.open("wb") as file:
            body = self.client.get_object(Bucket=self.bucket, Key=key, **extra)["Body"]
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                size += len(chunk)
                if max_bytes is not None and size > max_bytes:
                    raise ObjectTooLargeError(f"{key} is larger than {max_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
        return Download(path, size, digest.hexdigest())

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
