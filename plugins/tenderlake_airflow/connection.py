"""Storage from Airflow's connection, so that keys stay in Airflow's secrets and are masked in its logs."""

from __future__ import annotations

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowNotFoundException

from tenderlake.layout import Layout
from tenderlake.settings import get_settings
from tenderlake.storage import Storage, StorageAccessError, client_config


def open_storage() -> tuple[Storage, Layout]:
    """The bucket and its keys, as the settings and the Airflow connection of the settings name them.

    Raises:
        StorageAccessError: there is no such connection, or its endpoint is no address.
    """
    settings = get_settings()
    connection_id = settings.s3_connection_id
    hook = S3Hook(aws_conn_id=connection_id, config=client_config())
    try:
        # The hook itself would go on without, with whatever AWS keys it finds on the host.
        hook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise StorageAccessError(
            f"Airflow has no connection {connection_id!r}: make one of type Amazon Web Services, with login, password "
            f'and the extra {{"endpoint_url": "https://..."}} (or set AIRFLOW_CONN_{connection_id.upper()})'
        ) from error
    try:
        client = hook.get_conn()
    except ValueError as error:
        raise StorageAccessError(
            f"the Airflow connection {connection_id!r} cannot be used: {error}; endpoint_url in its extra has to begin "
            "with http:// or https://"
        ) from error
    return Storage(client, settings.bucket), Layout(settings)
