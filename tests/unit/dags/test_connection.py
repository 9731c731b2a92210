"""Given an Airflow connection that is missing or wrong, the task's error says how to make it right."""

from __future__ import annotations

import json

import pytest

from tenderlake.settings import get_settings
from tenderlake.storage import StorageAccessError
from tenderlake_airflow.connection import open_storage

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def ambient_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of another cloud, which must never be used in place of the connection."""
    for name in ("TENDERLAKE_S3_CONNECTION_ID", "TENDERLAKE_BUCKET", "AIRFLOW_CONN_TENDERLAKE_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other-cloud")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()


def connect(monkeypatch: pytest.MonkeyPatch, **extra: str) -> None:
    connection = {"conn_type": "aws", "login": "access-key", "password": "secret-key", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_TENDERLAKE_S3", json.dumps(connection))


def test_the_connection_names_endpoint_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, endpoint_url="https://s3.example.ru")
    storage, layout = open_storage()
    assert (storage.endpoint_url, storage.bucket) == ("https://s3.example.ru", "tenderlake")
    assert "access-key" in storage.presign_get(layout.claims, 60)


def test_without_the_connection_no_other_credentials_are_used() -> None:
    with pytest.raises(StorageAccessError, match=r"no connection 'tenderlake_s3'.*AIRFLOW_CONN_TENDERLAKE_S3"):
        open_storage()


def test_an_endpoint_without_scheme_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, endpoint_url="10.0.0.5:9000")
    with pytest.raises(StorageAccessError, match=r"tenderlake_s3.*10\.0\.0\.5:9000.*http://"):
        open_storage()
