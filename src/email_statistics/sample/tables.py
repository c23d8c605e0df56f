"""The raw tables' columns and types, from the raw contract, and the files of the catalogue."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import polars as pl
import yaml

from email_statistics import contract

Row = dict[str, Any]

_TYPES = {
    "varchar": pl.String(),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us"),
    "bigint": pl.Int64(),
}


@cache
def raw_tables() -> Mapping[str, Mapping[str, pl.DataType]]:
    """Return the columns and types of each raw table, in the contract's order."""
    return {
        table.name: {column.name: _type(column.type) for column in table.columns}
        for table in contract.raw_tables()
    }


def _type(name: str) -> pl.DataType:
    if name.startswith("decimal"):
        precision, scale = map(int, re.findall(r"\d+", name))
        return pl.Decimal(precision, scale)
    return _TYPES[name]


def to_table(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of a raw table, in its order and types; an absent one is null."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in raw_tables()[table].items()
    )


def rows_to_table(table: str, rows: Iterable[Row]) -> pl.DataFrame:
    """Return rows as a raw table; what a row doesn't name is null, and other names are left out."""
    types = dict(raw_tables()[table])
    return to_table(
        table, pl.DataFrame(list(rows), schema_overrides=types, infer_schema_length=None)
    )


def read_catalogue(name: str) -> pl.DataFrame:
    """Return ``catalogue/<name>.csv``, typed; an empty field is null."""
    return pl.read_csv(_catalogue(f"{name}.csv"), try_parse_dates=True)


def read_yaml(name: str) -> Any:
    """Return the content of ``catalogue/<name>.yml``."""
    return yaml.safe_load(_catalogue(f"{name}.yml"))


def _catalogue(name: str) -> bytes:
    return resources.files(__package__).joinpath("catalogue", name).read_bytes()
