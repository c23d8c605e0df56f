"""``email-stats open``: the site in the browser."""

import click

from email_statistics.errors import EmailStatsError


@click.command("open")
def command() -> None:
    """Print the path of the site's home page, and open it in the browser."""
    from email_statistics.paths import reports_folder
    from email_statistics.reports.run.assembly import HOME

    home = reports_folder() / HOME
    if not home.exists():
        raise EmailStatsError(f"There is no site at {home} yet: run `email-stats report`.")
    click.echo(home)
    click.launch(home.as_uri())
