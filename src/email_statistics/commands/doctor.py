"""``email-stats doctor``: check the set-up and say what to do."""

import click

from email_statistics.errors import EmailStatsError


class UnwellError(EmailStatsError):
    """A part of the set-up is not well; its line says what to do."""


@click.command("doctor")
def command() -> None:
    """Check paths, versions, settings, locks and the last build; change nothing.

    Ends with exit code 1 where something must be done before a build or a reader can work.
    """
    from email_statistics.build.doctor import examine

    unwell = []
    for diagnosis in examine():
        click.echo(f"{diagnosis.state:5} {diagnosis.part:11} {diagnosis.sentence}")
        if diagnosis.state == "fail":
            unwell.append(diagnosis.part)
    if unwell:
        raise UnwellError(f"Not well: {', '.join(unwell)}; do what the lines above say.")
