"""Tables that leave the house: the same rows as CSV or Parquet.

A table is named columns with their types and rows of plain values. CSV is for people and
spreadsheets (no cell is taken for a formula); Parquet keeps types and missing values for analysis.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

ColumnType = Literal["text", "integer", "number", "time"]
Columns = Mapping[str, ColumnType]
Row = Sequence[object]

CSV_TYPE = "text/csv; charset=utf-8"
PARQUET_TYPE = "application/vnd.apache.parquet"


def to_csv(columns: Columns, rows: Iterable[Row]) -> bytes:
    """UTF-8 CSV with a heading; None is an empty cell, times are ISO 8601."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def to_parquet(columns: Columns, rows: Iterable[Row]) -> bytes:
    """One Parquet file; None is null."""
    # Heavy, and most requests never get here.
    import pyarrow
    from pyarrow import parquet

    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "time": pyarrow.timestamp("us", tz="UTC"),
    }
    gathered = list(rows)
    arrays = [
        pyarrow.array([row[place] for row in gathered], type=types[kind])
        for place, kind in enumerate(columns.values())
    ]
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, names=list(columns)), buffer, compression="zstd")
    return buffer.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value
