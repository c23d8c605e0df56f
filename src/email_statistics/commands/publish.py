"""``email-stats publish``: check and publish what a ``dbt build`` of one's own made."""

import click

from email_statistics.commands.options import target_option
from email_statistics.spark.target import Target


@click.command("publish")
@click.option("--strict", is_flag=True, help="A warning of the checks fails.")
@click.option("--accept-changes", is_flag=True, help="Don't compare with the published version.")
@target_option
def command(strict: bool, accept_changes: bool, target: Target) -> None:
    """Check the marts of the build database and publish it, after a `dbt build` of your own.

    Refuses a build database that is not whole or did not pass its checks.
    """
    from email_statistics.build.run import Strictness, publish

    publish(Strictness(strict, accept_changes), target)
