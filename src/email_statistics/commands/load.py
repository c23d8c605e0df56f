"""``email-stats load``: a sender's or a shop's events into a raw lake."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from email_statistics.errors import UsageError, suggest
from email_statistics.paths import lake_to_write
from email_statistics.senders import catalog, describing
from email_statistics.senders.loading.accounting import LoadResult
from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import profile_path, read_profile


@click.command("load")
@click.argument("sender")
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option("--lake", type=click.Path(path_type=Path), help="The lake; else EMAIL_STATS_RAW.")
@click.option(
    "--profile",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The settings of your senders; by default the lake's senders.yml.",
)
@click.option("--loaded-at", metavar="TIME", help="When the events were received; by default now.")
@click.option("--replace", metavar="ID", help="A load whose rows these take the place of.")
@click.option("--dry-run", is_flag=True, help="Show the first rows of each table; write nothing.")
@click.option("--strict", is_flag=True, help="End with exit code 1 if a record is rejected.")
@click.option("--example-profile", is_flag=True, help="Print a commented senders.yml, and end.")
@click.option("--about", is_flag=True, help="Print the sender's page, and end.")
def command(
    sender: str,
    paths: tuple[str, ...],
    lake: Path | None,
    profile: Path | None,
    loaded_at: str | None,
    replace: str | None,
    dry_run: bool,
    strict: bool,
    example_profile: bool,
    about: bool,
) -> None:
    """Load SENDER's events from files, folders and - (stdin) into a raw lake.

    SENDER is one of highlevel, sendgrid, mailgun, ses, postmark, mandrill, mailchimp, brevo,
    resend, sparkpost, klaviyo, braze, customerio, shopify, woocommerce, stripe, or table (anything,
    by the profile's mapping).
    """
    if sender not in catalog.NAMES:
        raise UsageError(f"There is no sender '{sender}': {suggest(sender, catalog.NAMES)}")
    if example_profile or about:
        text = describing.example_profile if example_profile else describing.page
        click.echo(text(sender), nl=False)
        return
    if not paths:
        raise UsageError("Name files or folders of events, or - for stdin.")
    folder = lake_to_write(lake)
    result = load(
        sender,
        ["-" if path == "-" else Path(path) for path in paths],
        lake=folder,
        profile=read_profile(profile_path(folder, profile), sender),
        loaded_at=_moment(loaded_at),
        replace=replace,
        dry_run=dry_run,
    )
    _show(result, replaced=replace)
    if not result.is_readable or (strict and result.rejected):
        sys.exit(1)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--loaded-at can't be {text!r}: write a time such as 2026-01-31T09:30:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _show(result: LoadResult, replaced: str | None) -> None:
    for table, rows in result.shown.items():
        click.echo(f"{table}, first rows:")
        for row in rows:
            filled = (f"{name}={value}" for name, value in row.items() if value is not None)
            click.echo("  " + ", ".join(filled))
    for line in describing.account(result):
        click.echo(line)
    for note in result.notes:
        click.echo(note, err=True)
    if not result.is_readable:
        click.echo("Nothing could be read: is this the sender's file?", err=True)
    if result.is_already_loaded:
        click.echo(f"Already loaded as {result.load_id}: nothing is written.")
    elif result.files:
        click.echo(f"Loaded as {result.load_id}.")
        if replaced:
            click.echo(f"Replaced {replaced}: the next build is a full refresh.")
    else:
        click.echo("A dry run: nothing is written.")
