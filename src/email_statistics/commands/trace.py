"""``email-stats trace``: what happened to a message, an order, a contact or a campaign."""

import click


@click.command("trace")
@click.argument("identifier", metavar="ID")
def command(identifier: str) -> None:
    """Show what happened to a message, an order, a contact or a campaign, and what it counts as.

    ID is the id of one of these, or a contact's email address. An ID of several kinds is shown as
    each of them. It reads the published tables only; times are in the reporting time zone.
    """
    from email_statistics.errors import UsageError
    from email_statistics.history import find_stories
    from email_statistics.history.text import printable, text

    if not identifier.strip():
        raise UsageError(
            "The id can't be blank: give that of a message, an order, a contact or a campaign."
        )
    stories = find_stories(identifier)
    if not stories:
        raise UsageError(
            "No message, order, contact or campaign of the published data has the id or email "
            f"address '{printable(identifier)}': check it, or build again if it is new (events "
            "that wait for their source or contact are counted in core.fct_orphans)."
        )
    for story in stories:
        click.echo(text(story))
