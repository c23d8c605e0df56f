"""Frames as a file: CSV, Excel or Parquet. Nothing in it is run by a program that opens it."""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq
import xlsxwriter

from email_statistics.errors import UsageError

# What a spreadsheet would run, also after what can't be seen, as in table.js of the pages;
# the last four are the full-width forms.
_FORMULA = r"^(?:[\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-\x{2212}@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
_EXCELS_ROWS = 1_048_576
_EXCELS_TEXT = 32_767


def write(frames: Iterable[pl.DataFrame], path: Path, file_format: str) -> int:
    """Write frames, at least one, into a new file for its owner alone; returns the rows.

    ``file_format`` is one of ``FORMATS``. Raises ``UsageError`` where the format can't hold them,
    ``FileExistsError`` where the file is there.
    """
    with open(path, "xb", opener=_open_private) as file:
        rows = FORMATS[file_format](frames, file)
        file.flush()
        os.fsync(file.fileno())
    return rows


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before each text that a spreadsheet would run."""
    text = pl.col(pl.String)
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).name.keep()
    )


def _write_csv(frames: Iterable[pl.DataFrame], file: BinaryIO) -> int:
    """UTF-8 and RFC 4180; null is an empty cell, "" a quoted one, a time ISO 8601 in UTC."""
    rows = 0
    for number, frame in enumerate(frames):
        defused(frame).write_csv(
            file,
            include_header=number == 0,
            line_terminator="\r\n",
            datetime_format="%Y-%m-%dT%H:%M:%S%.fZ",
            float_scientific=False,
        )
        rows += frame.height
    return rows


def _write_parquet(frames: Iterable[pl.DataFrame], file: BinaryIO) -> int:
    """Keep every type; a text is as it is in the warehouse."""
    frames = iter(frames)
    first = next(frames)
    rows = 0
    with pq.ParquetWriter(file, _arrow(first).schema, compression="zstd") as writer:
        for frame in chain([first], frames):
            if frame.height:
                writer.write_table(_arrow(frame))
            rows += frame.height
    return rows


def _arrow(frame: pl.DataFrame) -> Any:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _write_xlsx(frames: Iterable[pl.DataFrame], file: BinaryIO) -> int:
    """One sheet with a frozen header. A text is a text: never a formula, a link or a number."""
    folder = Path(file.name).parent  # its own unfinished parts are as private as the file
    options = {"constant_memory": True, "tmpdir": str(folder)}
    last = 0
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("Export")
        writers = _cell_writers(book, sheet)
        for frame in frames:
            if last == 0:
                sheet.freeze_panes(1, 0)
                sheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
            for row in frame.iter_rows():
                last += 1
                if last >= _EXCELS_ROWS:
                    raise UsageError(
                        f"Excel holds at most {_EXCELS_ROWS - 1:,} rows and this list has more: "
                        "give --format csv or parquet."
                    )
                for column, value in enumerate(row):
                    if value is not None:
                        writers[type(value)](last, column, value)
    return last


def _cell_writers(book: Any, sheet: Any) -> Mapping[type, Callable[[int, int, Any], object]]:
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def text(row: int, column: int, value: str) -> None:
        if len(value) > _EXCELS_TEXT:
            raise UsageError(
                f"Excel holds no text longer than {_EXCELS_TEXT:,} characters, and one of this "
                "list is: give --format csv or parquet."
            )
        sheet.write_string(row, column, value)

    return {
        str: text,
        bool: sheet.write_boolean,
        int: sheet.write_number,
        float: sheet.write_number,
        Decimal: sheet.write_number,
        date: lambda row, column, value: sheet.write_datetime(row, column, value, day),
        datetime: lambda row, column, value: sheet.write_datetime(row, column, value, time),
    }


FORMATS: Mapping[str, Callable[[Iterable[pl.DataFrame], BinaryIO], int]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "parquet": _write_parquet,
}
"""The formats of exports, by the ending of a file's name."""
