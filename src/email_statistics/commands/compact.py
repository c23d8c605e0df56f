"""``email-stats compact``: fewer, larger files in the lake."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from email_statistics.commands.durations import Duration


@click.command("compact")
@click.option(
    "--lake",
    type=click.Path(path_type=Path, file_okay=False),
    help="The lake to compact, else EMAIL_STATS_RAW.",
)
@click.option(
    "--older-than",
    type=Duration(),
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Leave days alone that have a newer file.",
)
def command(lake: Path | None, older_than: timedelta) -> None:
    """Merge the many small files of loads into daily ones, and those of past months into one each.

    Each merged file is proved to have the same rows before the small ones are removed; the next
    build takes it without a full refresh.
    """
    from email_statistics import paths
    from email_statistics.senders.compacting import compact
    from email_statistics.storage import keep_private

    keep_private()
    files = merged = 0
    for compaction in compact(paths.lake_to_write(lake), datetime.now(UTC) - older_than):
        click.echo(
            f"{compaction.table}: {compaction.files:,} files, {compaction.rows:,} rows, "
            f"are {compaction.path}."
        )
        files, merged = files + compaction.files, merged + 1
    click.echo(f"Merged {files:,} files into {merged:,}.")
