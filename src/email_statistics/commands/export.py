"""``email-stats export``: emails, a Details list or an email's links as a file."""

from pathlib import Path

import click

from email_statistics.commands.lists import chosen_days, days_of, say_done, with_days, with_file
from email_statistics.errors import UsageError, suggest
from email_statistics.exports import content, mail, run
from email_statistics.exports.register import KEPT_DAYS
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.reports.ask.queries import asking
from email_statistics.storage import keep_private


class _Exports(click.Group):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is None:
            raise UsageError(f"There is no export '{cmd_name}': {suggest(cmd_name, self.commands)}")
        return found


@click.group(
    "export",
    cls=_Exports,
    help=f"""Write emails, a Details list or an email's links to CSV, Excel or Parquet.

    Files are private, below EMAIL_STATS_EXPORTS (var/exports), and kept for {KEPT_DAYS} days;
    `email-stats exports` lists them. Days pick messages by the day they were sent, else by that of
    their first event. An empty cell was not measured.
    """,
)
def command() -> None:
    """Write a file; which, a command of its own says."""


def _emails(export_type: str) -> click.Command:
    @click.command(
        export_type,
        help=f"{content.EMAILS[export_type][0]}: one row per email with messages in the days "
        "(by default the last 30 of the data), with every metric.",
    )
    @with_days
    @click.option(
        "--email",
        "addresses",
        metavar="ADDRESS",
        multiple=True,
        help="Send the download link here; may be repeated. Takes EMAIL_STATS_SMTP_URL and "
        "EMAIL_STATS_BASE_URL.",
    )
    @with_file
    def emails(
        start: str,
        end: str,
        last_days: int | None,
        addresses: tuple[str, ...],
        requested_by: str | None,
        file_format: str | None,
        out: Path | None,
    ) -> None:
        keep_private()
        if addresses and out:
            raise UsageError(
                "A file that --out keeps has no link to send: leave out --email or --out."
            )
        addresses = tuple(dict.fromkeys(map(mail.checked_address, addresses)))
        mailer = mail.mailer() if addresses else None
        with asking() as asked:
            period = chosen_days(asked.build, start, end, last_days)
            done = run.export(
                content.emails_content(asked, export_type, period),
                asked.build,
                file_format=run.format_of(out, file_format),
                out=out,
                requested_by=requested_by,
            )
        say_done(done)
        if mailer:
            mailer.send(done, addresses)
            click.echo(f"The link was sent to {', '.join(addresses)}.", err=True)

    return emails


for _export_type in content.EMAILS:
    command.add_command(_emails(_export_type))


@command.command("details")
@click.option("--source", required=True, metavar="ID", help="The email.")
@click.option(
    "--outcome",
    required=True,
    metavar="OUTCOME",
    help=f"The list: {', '.join(OUTCOMES)}.",
)
@with_days
@with_file
def _details(
    source: str,
    outcome: str,
    start: str,
    end: str,
    last_days: int | None,
    requested_by: str | None,
    file_format: str | None,
    out: Path | None,
) -> None:
    """One Details list, whole: one row per message with this outcome, the latest first.

    By default over the email's whole life.
    """
    keep_private()
    content.refuse_unknown("outcome", outcome, OUTCOMES)
    with asking() as asked:
        found = content.find_source(asked, source)
        period = days_of(asked.build, found, start, end, last_days)
        done = run.export(
            content.details_content(asked, found, outcome, period),
            asked.build,
            file_format=run.format_of(out, file_format),
            out=out,
            requested_by=requested_by,
        )
        reason = None if done.rows else content.why_nobody(asked, found, outcome)
    say_done(done)
    if reason:
        click.echo(reason, err=True)


@command.command("links")
@click.option("--source", required=True, metavar="ID", help="The campaign.")
@with_file
def _links(
    source: str, requested_by: str | None, file_format: str | None, out: Path | None
) -> None:
    """One row per link of a campaign with its clicks, over its whole life."""
    keep_private()
    with asking() as asked:
        done = run.export(
            content.links_content(asked, content.find_source(asked, source)),
            asked.build,
            file_format=run.format_of(out, file_format),
            out=out,
            requested_by=requested_by,
        )
    say_done(done)
