"""Links to exports: signed, so that nobody can make one up, and dead when the export is."""

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer

from email_statistics.errors import UsageError
from email_statistics.exports.register import KEPT_DAYS, Export
from email_statistics.site_key import site_key

VARIABLE = "EMAIL_STATS_BASE_URL"
_SECONDS = KEPT_DAYS * 24 * 60 * 60


def base_url() -> SplitResult | None:
    """Read ``EMAIL_STATS_BASE_URL``: where ``email-stats serve`` is reached. None if unset.

    Raises ``UsageError`` where it isn't the URL of a site, or isn't https beyond loopback.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    url = urlsplit(text.rstrip("/"))
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise UsageError(f"{VARIABLE} can't be {text!r}: give a URL such as https://mail.example.")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise UsageError(
            f"{VARIABLE} can't be {text!r}: beyond this machine a link must be https, for who "
            "reads it on the way can download the file."
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # of a name
        return host.lower() == "localhost"


def link_to(export: Export, base: SplitResult) -> str:
    """The link by which whoever has it downloads this export, and nothing else."""
    return f"{base.geturl()}/exports/download/{_serializer().dumps(export.id)}"


def export_of(token: str) -> str | None:
    """The id of the export that a link names; None where it is altered, made up or too old."""
    try:
        export_id = _serializer().loads(token, max_age=_SECONDS)
    except BadSignature:
        return None
    return str(export_id)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(site_key(), salt="email-stats export")
