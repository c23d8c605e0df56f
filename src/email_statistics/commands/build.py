"""``email-stats build``: check the raw lake, build, check, publish."""

import click


@click.command("build")
@click.option("--full-refresh", is_flag=True, help="Build every table anew, also incremental ones.")
@click.option(
    "--vars", "variables", metavar="YAML", help="Settings of this build: '{name: value}'."
)
@click.option(
    "--select",
    multiple=True,
    metavar="MODELS",
    help="Build only these, as for dbt build --select; nothing is published.",
)
@click.option("--strict", is_flag=True, help="A warning of the checks fails the build.")
@click.option(
    "--accept-changes",
    is_flag=True,
    help="Don't compare with the last build and the published version.",
)
def command(
    full_refresh: bool,
    variables: str | None,
    select: tuple[str, ...],
    strict: bool,
    accept_changes: bool,
) -> None:
    """Check the raw lake, build the warehouse with dbt, check it and publish it.

    The published file is replaced whole, and only where everything passed.
    """
    from email_statistics.building.orchestration import BuildOptions, Strictness, build

    build(BuildOptions(variables, select, full_refresh), Strictness(strict, accept_changes))
