"""``email-stats serve``: the site in a browser, live."""

from pathlib import Path

import click

from email_statistics.errors import UsageError


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8020, show_default=True, help="And its port."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ask for the password that was set there.",
)
@click.option(
    "--set-password",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask for a password, keep its hash in FILE, and end.",
)
def command(host: str, port: int, password_file: Path | None, set_password: Path | None) -> None:
    """Serve the rendered pages, reports on demand, Email Analytics, segments and exports.

    It reads the published file, and a new one shows at the next request. Beyond this machine it
    takes --password-file, EMAIL_STATS_BASE_URL (the site's URL) and a proxy that speaks TLS.
    """
    from email_statistics.storage import keep_private

    try:
        from email_statistics.serve import passwords, server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"To serve takes more packages ({error.name} isn't there): install "
            "email-statistics[serve]."
        ) from error

    keep_private()
    if set_password:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        passwords.set_password(set_password.expanduser().absolute(), password)
        click.echo(f"Kept in {set_password}: give it to email-stats serve as --password-file.")
        return
    server.serve(host, port, password_file)
