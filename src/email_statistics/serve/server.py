"""``email-stats serve``: who may reach the site, and the server itself."""

import ipaddress
from pathlib import Path

from email_statistics.build.signals import say
from email_statistics.errors import UsageError
from email_statistics.exports.links import base_url, is_loopback
from email_statistics.listening import listening, log_briefly
from email_statistics.receiver.protocol import web_server
from email_statistics.reports.run.registry import read_registry
from email_statistics.serve.app import LiveSite
from email_statistics.serve.guard import Guard
from email_statistics.serve.passwords import Password
from email_statistics.site_key import site_key

_SECONDS_TO_ANSWER = 10
_MOST_CONNECTIONS = 200


def guard_of(host: str, password_file: Path | None) -> Guard:
    """Say by what names a site that listens on ``host`` is reached, and by whom.

    Raises ``UsageError`` where it could be reached from elsewhere without a password, or by a name
    that isn't known.
    """
    base = base_url()
    hosts = {"localhost", "127.0.0.1", "::1"}
    if base is not None and base.hostname:
        hosts.add(base.hostname)
    if not is_loopback(host):
        if password_file is None:
            raise UsageError(
                f"Without a password only this machine may be served, and {host} is reached from "
                "others: give --password-file (email-stats serve --set-password FILE makes it)."
            )
        if base is None:
            raise UsageError(
                f"By what name is {host} reached? Set EMAIL_STATS_BASE_URL to the site's URL, such "
                "as https://stats.brand.example; a proxy before it speaks TLS."
            )
        if not _is_any(host):
            hosts.add(host)
    is_secure = not is_loopback(host) or (base is not None and base.scheme == "https")
    password = Password(password_file) if password_file else None
    return Guard(site_key(), frozenset(hosts), is_secure, password)


def serve(host: str, port: int, password_file: Path | None) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises ``UsageError`` where the address can't be had, or could be reached by anybody.
    """
    guard = guard_of(host, password_file)
    site = LiveSite(read_registry(), guard)
    log_briefly()
    with listening(host, port) as listener:
        address, number = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"The site: http://{shown}:{number}/ (Ctrl-C ends it)")
        server = web_server(
            site.app(),
            most_connections=_MOST_CONNECTIONS,
            seconds_to_answer=_SECONDS_TO_ANSWER,
        )
        server.run(sockets=[listener])


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
