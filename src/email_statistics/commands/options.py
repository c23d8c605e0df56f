"""Options that several commands have."""

import click

from email_statistics.spark.target import TARGETS

target_option = click.option(
    "--target",
    type=click.Choice(TARGETS),
    default="local",
    show_default=True,
    help="Where to build: local is DuckDB, the others speak Spark's SQL.",
)
