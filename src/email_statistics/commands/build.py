"""``email-stats build``: check the raw lake, build, check, publish."""

import click

from email_statistics.commands.options import target_option
from email_statistics.spark.target import Target

_INTERVAL = 5.0


@click.command("build")
@click.option(
    "--full-refresh", is_flag=True, help="Build every table again, even where nothing is new."
)
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
@click.option(
    "--watch",
    "watches",
    is_flag=True,
    help="Stay: build again whenever files arrive, until a signal.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="How often --watch looks at the lake; by default every 5 seconds.",
)
@target_option
def command(
    full_refresh: bool,
    variables: str | None,
    select: tuple[str, ...],
    strict: bool,
    accept_changes: bool,
    watches: bool,
    interval: float | None,
    target: Target,
) -> None:
    """Check the raw lake, build the warehouse with dbt, check it and publish it.

    The published file is replaced whole, and only where everything passed. Where no file, setting,
    seed or model has changed since the last build, it says so and ends.
    """
    from email_statistics.build.engine import BuildOptions
    from email_statistics.build.run import Strictness, build

    if target != "local" and (select or watches):
        raise click.UsageError(
            f"--select and --watch are for DuckDB: --target {target} builds everything, once."
        )
    options = BuildOptions(variables, select, full_refresh, target)
    strictness = Strictness(strict, accept_changes)
    if not watches:
        if interval is not None:
            raise click.UsageError("--interval is for --watch: give both, or neither.")
        build(options, strictness)
        return
    if select or full_refresh:
        raise click.UsageError(
            "--watch builds what arrives: it can't be had with --select or --full-refresh."
        )
    from email_statistics.build.watch import watch

    watch(options, strictness, interval or _INTERVAL)
