"""``email-stats receive``: the webhook endpoint."""

from datetime import timedelta
from pathlib import Path

import click

from email_statistics.commands.durations import Duration
from email_statistics.errors import UsageError


@click.command("receive")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="And its port."
)
@click.option(
    "--lake",
    type=click.Path(path_type=Path, file_okay=False),
    help="The lake to load into, else EMAIL_STATS_RAW.",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The profile, else senders.yml in the lake.",
)
@click.option(
    "--every",
    type=Duration(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How often to load what came.",
)
def command(
    host: str, port: int, lake: Path | None, profile: Path | None, every: timedelta
) -> None:
    """Receive the webhooks of the senders that the profile names: POST /<sender>.

    A request is verified, stored durably and answered; what came is loaded into the lake every so
    often. TLS is a reverse proxy's. Ctrl-C answers what is in flight, loads it and stops.
    """
    from email_statistics import paths
    from email_statistics.senders.profile import FILE_NAME, profile_path, read_profiles
    from email_statistics.storage import keep_private

    try:
        from email_statistics.receiver.endpoints import endpoints
        from email_statistics.receiver.server import receive
    except ModuleNotFoundError as error:
        raise UsageError(
            f"To receive takes more packages ({error.name} isn't there): install "
            "email-statistics[receiver]."
        ) from error

    if every < timedelta(seconds=1):
        raise UsageError("--every can't be less than 1s.")
    keep_private()
    lake = paths.lake_to_write(lake)
    profile = profile_path(lake, profile)
    if profile is None:
        raise UsageError(
            f"There is no profile: write {lake / FILE_NAME} or give --profile; "
            "`email-stats load --example-profile SENDER` prints a section."
        )
    receive(
        endpoints(read_profiles(profile).values()),
        lake=lake,
        profile=profile.absolute(),
        host=host,
        port=port,
        seconds=every.total_seconds(),
    )
