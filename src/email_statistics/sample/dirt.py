"""Broken and oddly written rows: text in every column, as a careless exporter writes them."""

import polars as pl

from email_statistics.sample.tables import raw_tables, read_yaml


def dirty_frames() -> dict[str, pl.DataFrame]:
    """Return the rows of ``catalogue/dirt.yml`` by raw table, every column as text."""
    content, frames = read_yaml("dirt"), {}
    for table, dirt in content["tables"].items():
        rows = [dirt["base"] | row for row in dirt["rows"]]
        if "prefix" in dirt:
            rows = [
                content["event"] | {"event_id": f"{dirt['prefix']}_dirt_{number:02}"} | row
                for number, row in enumerate(rows, start=1)
            ]
        columns = dict.fromkeys(raw_tables()[table], pl.String())
        frames[table] = pl.DataFrame(rows, schema=columns, orient="row")
    return frames
