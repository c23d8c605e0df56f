"""``email-stats sample``: write a realistic, deterministic raw lake."""

from pathlib import Path

import click

from email_statistics.sample import DEFAULT_MESSAGES, DEFAULT_SEED, write_sample


@click.command("sample")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write: new, empty, or an earlier sample, which is replaced.",
)
@click.option(
    "--messages",
    type=click.IntRange(min=1),
    default=DEFAULT_MESSAGES,
    show_default=True,
    help="About how many messages.",
)
@click.option(
    "--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Another seed, other rows."
)
def command(out: Path, messages: int, seed: int) -> None:
    """Write a realistic raw lake: a year of campaigns, workflows and bulk sends.

    The same --messages and --seed give the same rows on every machine.
    """
    summary = write_sample(out, messages, seed, lambda line: click.echo(line, err=True))
    for table, rows in summary.rows.items():
        click.echo(f"{table:18}{rows:>12,} rows")
    click.echo(f"Wrote {summary.size_bytes / 1e6:,.1f} MB to {out}.")
