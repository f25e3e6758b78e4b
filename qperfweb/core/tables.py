"""Tables that leave the house: the same rows as CSV or Parquet.

A table is named columns with their types and rows of plain values. CSV is for people and
spreadsheets (no cell is taken for a formula); Parquet keeps types and missing values for analysis.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import BinaryIO, Literal

ColumnType = Literal["text", "integer", "number", "time"]
Columns = Mapping[str, ColumnType]
Row = Sequence[object]

CSV_TYPE = "text/csv; charset=utf-8"
PARQUET_TYPE = "application/vnd.apache.parquet"
GROUP_ROWS = 50_000
"""How many rows of a Parquet file are in memory at a time."""


def to_csv(columns: Columns, rows: Iterable[Row]) -> bytes:
    """UTF-8 CSV with a heading; None is an empty cell, times are ISO 8601."""
    return _in_memory(write_csv, columns, rows)


def to_parquet(columns: Columns, rows: Iterable[Row]) -> bytes:
    """One Parquet file; None is null."""
    return _in_memory(write_parquet, columns, rows)


def write_csv(columns: Columns, rows: Iterable[Row], target: BinaryIO) -> None:
    """The same row by row: memory does not grow with their number."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    text.detach()


def write_parquet(columns: Columns, rows: Iterable[Row], target: BinaryIO) -> None:
    """The same in groups of rows: memory does not grow with their number."""
    # Heavy, and most requests never get here.
    import pyarrow
    from pyarrow import parquet

    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "time": pyarrow.timestamp("us", tz="UTC"),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    remaining = iter(rows)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while group := list(islice(remaining, GROUP_ROWS)):
            arrays = [
                pyarrow.array([row[place] for row in group], type=field.type)
                for place, field in enumerate(schema)
            ]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def _in_memory(
    write: Callable[[Columns, Iterable[Row], BinaryIO], None], columns: Columns, rows: Iterable[Row]
) -> bytes:
    buffer = io.BytesIO()
    write(columns, rows, buffer)
    return buffer.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value
