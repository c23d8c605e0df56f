"""``email-stats trace``: what happened to a message, an order or a contact, event by event."""

import click


@click.command("trace")
@click.argument("identifier", metavar="ID")
def command(identifier: str) -> None:
    """Show what happened to a message, an order or a contact, in time order, and what it counts as.

    Reads the published tables alone. An ID that is of several kinds is shown as each of them. Times
    are in the reporting time zone.
    """
    from email_statistics.tracing import trace

    for story in trace(identifier):
        click.echo(story.text())
