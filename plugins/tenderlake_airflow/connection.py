"""Storage from Airflow's connection, so that keys stay in Airflow's secrets and are masked in its logs."""

from __future__ import annotations

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from tenderlake.layout import Layout
from tenderlake.settings import get_settings
from tenderlake.storage import Storage, client_config


def open_storage() -> tuple[Storage, Layout]:
    """The bucket and its keys, as the settings and the Airflow connection of the settings name them."""
    settings = get_settings()
    hook = S3Hook(aws_conn_id=settings.s3_connection_id, config=client_config())
    return Storage(hook.get_conn(), settings.bucket), Layout(settings)
