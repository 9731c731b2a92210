"""Fixtures that every tier may use: a real S3 server, and a bucket of its own for every test."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

import pytest

from tenderlake.embedded.seaweedfs import SeaweedFS
from tenderlake.embedded.state import S3Connection
from tenderlake.layout import Layout
from tenderlake.settings import Settings
from tenderlake.storage import Storage


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Connection]:
    """A SeaweedFS of this test session: own ports, own keys, stopped at the end."""
    # Its data are of no use afterwards, so an end that hangs is cut short.
    with SeaweedFS.in_folder(tmp_path_factory.mktemp("seaweedfs"), stop_patience_s=3.0) as connection:
        yield connection


@pytest.fixture
def s3(s3_server: S3Connection) -> Iterator[S3Connection]:
    """How to reach a fresh, empty bucket; it goes with all its objects after the test."""
    connection = dataclasses.replace(s3_server, bucket=f"test-{uuid.uuid4().hex[:16]}")
    client = connection.storage().client
    client.create_bucket(Bucket=connection.bucket)
    yield connection
    client.delete_bucket(Bucket=connection.bucket)  # SeaweedFS takes the objects with it


@pytest.fixture
def storage(s3: S3Connection) -> Storage:
    """A fresh, empty bucket."""
    return s3.storage()


@pytest.fixture
def layout() -> Layout:
    """The layout with default prefixes, whatever the environment says."""
    return Layout(Settings.model_construct())
