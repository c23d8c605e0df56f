"""``email-stats exports``: the register of exports."""

from datetime import UTC, datetime

import click

from email_statistics.commands.lists import table
from email_statistics.exports.register import KEPT_DAYS
from email_statistics.exports.run import register
from email_statistics.storage import keep_private

_COLUMNS = (
    "id",
    "created_at",
    "status",
    "export_type",
    "requested_by",
    "rows",
    "bytes",
    "expires_at",
    "description",
    "path",
)


@click.command(
    "exports",
    help=f"""List the exports of the last {KEPT_DAYS} days, the latest first. Times are UTC.

    An older one is removed, file and row, by the next command that exports or lists; a file that
    --out keeps stays.
    """,
)
@click.option("--purge", is_flag=True, help="Remove what has expired, and say how many.")
def command(purge: bool) -> None:
    """Print the register, or purge it."""
    keep_private()
    now = datetime.now(UTC)
    if purge:
        click.echo(f"Removed {register().purge(now):,} exports older than {KEPT_DAYS} days.")
        return
    found = register().exports(now)
    if not found:
        click.echo(f"No export in the last {KEPT_DAYS} days: run `email-stats export --help`.")
        return
    click.echo(table(_COLUMNS, [[getattr(one, name) for name in _COLUMNS] for one in found]))
