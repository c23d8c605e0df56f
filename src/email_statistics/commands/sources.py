"""``email-stats sources``: the emails that there are, with the ids that other commands take."""

import click

_TYPES = ("campaign", "workflow", "bulk", "transactional")


@click.command("sources")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--type", "email_source_type", type=click.Choice(_TYPES), help="Of this type only.")
def command(words: tuple[str, ...], email_source_type: str | None) -> None:
    """List emails, the most recent first: id, type, first send, name.

    With WORDs only those whose name or id has all of them, in any case.
    """
    from email_statistics.commands.lists import table
    from email_statistics.reports.ask.queries import asking

    with asking() as asked:
        found = asked("home/emails")
        rows = [
            [
                row["email_source_id"],
                row["email_source_type"],
                asked.build.moment(row["first_sent_at"], "not sent"),
                row["email_source_name"],
            ]
            for row in found.iter_rows(named=True)
            if email_source_type in (None, row["email_source_type"])
            and all(
                word.casefold() in f"{row['email_source_name']} {row['email_source_id']}".casefold()
                for word in words
            )
        ]
    if not rows:
        click.echo("No email matches.", err=True)
        return
    click.echo(table(["id", "type", "first sent", "name"], rows))
