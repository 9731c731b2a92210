"""The lake as SQL: DuckDB over the Parquet files in S3, one view for each table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
from duckdb_extensions import import_extension

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.state import S3Connection
from tenderlake.layout import Layout

_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_MOST_ROWS = 500


def lake_tables(s3: S3Connection, layout: Layout) -> list[str]:
    """Names of the tables that have files."""
    prefix = layout.settings.lake_prefix
    pages = s3.storage().client.get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=s3.bucket, Prefix=prefix, Delimiter="/")
    return sorted(
        item["Prefix"].removeprefix(prefix).rstrip("/") for page in found for item in page.get("CommonPrefixes", ())
    )


@contextmanager
def open_lake(s3: S3Connection, layout: Layout, extension_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with a view for each table of the lake.

    The S3 extension comes from its package, so that nothing is downloaded.
    """
    database = duckdb.connect(
        ":memory:",
        config={
            "extension_directory": str(extension_folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    with database:
        import_extension("httpfs", con=database)
        database.execute("LOAD httpfs")
        database.execute(_secret(s3))
        for table in lake_tables(s3, layout):
            files = f"s3://{s3.bucket}/{layout.table(table)}**/*.parquet"
            database.execute(
                f"CREATE VIEW {_identifier(table)} AS SELECT * FROM "  # noqa: S608 - quoted by DuckDB's rules
                f"read_parquet({_literal(files)}, hive_partitioning = true, union_by_name = true)"
            )
        yield database


def _secret(s3: S3Connection) -> str:
    """DuckDB takes no parameters here; the statement is never shown."""
    url = urlsplit(s3.endpoint_url)
    return (
        f"CREATE SECRET tenderlake (TYPE s3, KEY_ID {_literal(s3.access_key_id)}, "
        f"SECRET {_literal(s3.secret_access_key)}, ENDPOINT {_literal(url.netloc)}, URL_STYLE 'path', "
        f"USE_SSL {str(url.scheme == 'https').lower()}, REGION {_literal(s3.region)})"
    )


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def print_query(database: duckdb.DuckDBPyConnection, sql: str, width: int | None) -> None:
    """Run queries and print their rows.

    Args:
        database: from :func:`open_lake`.
        sql: one or more statements that only read.
        width: of the screen in characters, None for as wide as the rows are.

    Raises:
        EmbeddedError: the statement is none, or it would write.
    """
    try:
        statements = database.extract_statements(sql)
        for statement in statements:
            if statement.type not in _READING:
                raise EmbeddedError(
                    f"only queries are run here, not {statement.type.name}: the pipeline alone writes the lake"
                )
        for statement in statements:
            database.sql(statement.query).show(
                max_rows=_MOST_ROWS, max_width=width or 100_000, max_col_width=width or 100_000
            )
    except duckdb.Error as error:
        raise EmbeddedError(str(error)) from error


def print_tables(database: duckdb.DuckDBPyConnection) -> None:
    """What there is to query."""
    names = [
        str(name) for (name,) in database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    ]
    for name in sorted(names):
        row = database.sql(f"SELECT count(*) FROM {_identifier(name)}").fetchone()  # noqa: S608 - quoted
        print(f"{name}: {row[0] if row else 0} rows")
