"""The data dictionary, from the schema: ``python -m tenderlake.lake.dictionary > docs/data-dictionary.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from ocr_tasks.contract import Word
from tenderlake.lake.schema import SCHEMA_VERSION, TABLES, Column, Table

_HEAD = """# Data dictionary

The tables of the lake, schema version {version}. Queries that read them are in [for-analysts.md](for-analysts.md).

- **Where**: `lake/<table>/ingest_date=YYYY-MM-DD/part-<n>.parquet`, zstd. `lake/` is a setting.
- **`ingest_date`** is the day on which the source was first taken in. It is in the path and not in the files: DuckDB,
  Polars and Spark read it as a date, pandas as text. It does not move when a document is processed again.
- **`lake-compact/<table>/part-<n>.parquet`** has the same rows in few large files, with `ingest_date` as a date column.
- **Key**: the columns that identify a row. **Sorted**: the order of the rows in a file, null first. **Bloom filters**:
  the columns in which one value is found without reading the rest of a file.
- **Null**: whether a row that is written today may have no value. A column with "since" is null in files of older
  versions; `union_by_name` reads them together.
- When a document is processed again, all its rows in all tables are replaced; each table is replaced by itself, so for
  some seconds one may be newer than the other. `sources` is written last.
- Times are UTC with time zone. Sums are decimals, never floating point. Boxes are `[x0, y0, x1, y1]`, the origin at the
  top left of the page as people see it.
- Codes such as ИНН are text: their leading zeros count."""
_TABLE_HEAD = "| Column | Type | Unit | Null | Meaning | Example |\n| --- | --- | --- | --- | --- | --- |"
_FOOT = (
    "<!-- Made by `python -m tenderlake.lake.dictionary > docs/data-dictionary.md`: change the schema and the "
    "vocabulary, not this. -->"
)
_TYPES = {pa.string(): "string", pa.bool_(): "boolean", pa.float64(): "double"}


def data_dictionary(tables: Iterable[Table] = tuple(TABLES.values())) -> str:
    """Every table, column and word of the lake, as Markdown."""
    tables = tuple(tables)
    parts = [_HEAD.format(version=SCHEMA_VERSION)]
    parts.append("\n".join([_row("Table", "Meaning", "One row for each"), _row(*["---"] * 3), *map(_contents, tables)]))
    for table in tables:
        parts.extend(_table(table))
    parts.append("## Words\n\nThe closed lists of the columns above, with the Russian terms that documents use.")
    for words, columns in _lists(tables).items():
        parts.extend(_words(words, columns))
    parts.append(_FOOT)
    return "\n\n".join(parts) + "\n"


def _contents(table: Table) -> str:
    return _row(f"[{table.name}](#{table.name})", table.meaning, _names(table.key_columns))


def _table(table: Table) -> Iterator[str]:
    facts = [
        f"- Files: `lake/{table.name}/ingest_date=YYYY-MM-DD/part-<n>.parquet`",
        f"- Key: {_names(table.key_columns)}",
        f"- Sorted: {_names(table.order_columns)}",
        f"- Bloom filters: {_names(table.lookup_columns)}",
        f"- Since schema version {table.since}",
    ]
    yield f"## {table.name}\n\n{table.meaning}"
    yield "\n".join(facts)
    yield "\n".join([_TABLE_HEAD, *(_column(column, table) for column in table.columns)])


def _column(column: Column, table: Table) -> str:
    meaning = column.meaning
    if limits := _limits(column):
        meaning += f" {limits}."
    if column.words is not None:
        meaning += f" [{len(column.words)} words](#{_anchor(column.words)})."
    if column.since > table.since:
        meaning += f" Since version {column.since}."
    return _row(
        f"`{column.name}`",
        type_name(column.arrow_type),
        column.unit or "",
        "yes" if column.nullable else "no",
        meaning,
        f"`{column.example}`",
    )


def _limits(column: Column) -> str:
    if column.minimum is not None and column.maximum is not None:
        return f"From {column.minimum:g} to {column.maximum:g}"
    return "" if column.minimum is None else f"{column.minimum:g} or more"


def _lists(tables: Iterable[Table]) -> dict[type[Word], list[str]]:
    """The closed lists, each with the columns that hold its words."""
    lists: dict[type[Word], list[str]] = {}
    for table in tables:
        for column in table.columns:
            if column.words is not None:
                lists.setdefault(column.words, []).append(f"{table.name}.{column.name}")
    return lists


def _words(words: type[Word], columns: Iterable[str]) -> Iterator[str]:
    yield f"### {words.__name__}"
    yield f"{(words.__doc__ or '').splitlines()[0]} In {_names(columns)}."
    has_russian = any(word.russian for word in words)
    head = ("Word", "Meaning", "Russian term") if has_russian else ("Word", "Meaning")
    rows = [_row(f"`{word.value}`", word.meaning, *((word.russian,) if has_russian else ())) for word in words]
    yield "\n".join([_row(*head), _row(*("---" for _ in head)), *rows])


def type_name(arrow_type: pa.DataType) -> str:
    """An Arrow type as analysts write it."""
    if pa.types.is_list(arrow_type):
        return f"list of {type_name(arrow_type.value_type)}"
    if pa.types.is_decimal(arrow_type):
        return f"decimal({arrow_type.precision}, {arrow_type.scale})"
    if pa.types.is_timestamp(arrow_type):
        return f"timestamp, {arrow_type.tz}"
    if pa.types.is_date(arrow_type):
        return "date"
    return _TYPES.get(arrow_type, str(arrow_type))


def _anchor(words: type[Word]) -> str:
    return words.__name__.lower()


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(data_dictionary(), end="")
