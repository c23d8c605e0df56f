"""``email-stats segment``: the contacts behind a metric of an email, or of a segment."""

from pathlib import Path

import click

from email_statistics.commands.lists import (
    days_of,
    given,
    say_done,
    table,
    with_days,
    with_file,
)
from email_statistics.errors import UsageError
from email_statistics.exports import run
from email_statistics.exports.content import find_source, refuse_unknown, why_nobody
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.queries import Asked, asking
from email_statistics.reports.ask.sources import TYPES
from email_statistics.segments import (
    NOBODY,
    PAGE_SIZES,
    SEGMENTS,
    Segment,
    named_segment,
    segment_of_metric,
)
from email_statistics.storage import keep_private


@click.command("segment")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--metric", metavar="METRIC", help=f"One of {', '.join(OUTCOMES)}.")
@click.option("--source-type", type=click.Choice(list(TYPES)), help="The type of the email.")
@click.option("--source", metavar="ID", help="The email.")
@with_days
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--per-page",
    type=click.Choice([str(size) for size in PAGE_SIZES]),
    default=str(PAGE_SIZES[0]),
    show_default=True,
)
@with_file
def command(
    name: str | None,
    metric: str | None,
    source_type: str | None,
    source: str | None,
    start: str,
    end: str,
    last_days: int | None,
    page: int,
    per_page: str,
    requested_by: str | None,
    file_format: str | None,
    out: Path | None,
) -> None:
    """List contacts, one row each: those behind a metric of one email, or a segment NAME.

    NAME is re_engagement, sunset, hygiene or unsubscribed. With --metric an email must be chosen;
    its days are by default its whole life. Each row says whether the contact unsubscribed or is set
    to Do Not Disturb. --out writes the whole list.
    """
    keep_private()
    if out and given("page", "per_page"):
        raise UsageError("--page and --per-page are for the screen: --out writes the whole list.")
    if not out and given("file_format", "requested_by"):
        raise UsageError("--format and --requested-by are for a file: give --out FILE too.")
    with asking() as asked:
        if name is not None:
            refuse_unknown("segment", name, SEGMENTS)
            if metric or source or source_type or start or end or last_days is not None:
                raise UsageError(
                    f"The segment {name} is of all emails and days: give NAME or --metric."
                )
            segment, reason = named_segment(name, asked.build.settings), NOBODY
        else:
            segment, reason = _of_metric(asked, metric, source_type, source, start, end, last_days)
        if out:
            done = run.export(
                segment.content(asked),
                asked.build,
                file_format=run.format_of(out, file_format),
                out=out,
                requested_by=requested_by,
            )
            say_done(done)
            if not done.rows:
                click.echo(reason, err=True)
            return
        _show(asked, segment, page, int(per_page), reason)


def _of_metric(
    asked: Asked,
    metric: str | None,
    source_type: str | None,
    source: str | None,
    start: str,
    end: str,
    last_days: int | None,
) -> tuple[Segment, str]:
    """The segment, and why it is empty where it is."""
    if metric is None:
        raise UsageError(
            f"Which contacts? Give a segment ({', '.join(SEGMENTS)}), or --metric and --source."
        )
    refuse_unknown("metric", metric, OUTCOMES)
    if not source:
        raise UsageError(
            "Source name is required, so nobody is listed: choose one email by --source; a type "
            "alone gives no list."
        )
    found = find_source(asked, source, source_type or "")
    period = days_of(asked.build, found, start, end, last_days)
    return segment_of_metric(found, metric, period), why_nobody(asked, found, metric)


def _show(asked: Asked, segment: Segment, page: int, rows: int, reason: str) -> None:
    found = segment.page(asked, page, rows)
    if not found.total:
        click.echo(reason)
        return
    pages = -(-found.total // rows)
    if page > pages:
        raise UsageError(f"There is no page {page}: give --page 1 to {pages}.")
    click.echo(table(found.rows.columns, found.rows.rows()))
    click.echo(f"Page {page} of {pages}, {found.total:,} contacts.", err=True)
