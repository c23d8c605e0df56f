"""Mail with the link to an export, never its data, over the server of ``EMAIL_STATS_SMTP_URL``.

``smtps://`` is TLS from the start, ``smtp://`` STARTTLS; the server's certificate is verified. Only
a server on this machine may be spoken to in the clear.
"""

import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.exports import links
from email_statistics.exports.register import KEPT_DAYS, Export
from email_statistics.history.text import printable
from email_statistics.reports.words import formats

SMTP_VARIABLE = "EMAIL_STATS_SMTP_URL"
FROM_VARIABLE = "EMAIL_STATS_MAIL_FROM"

_PORTS = {"smtp": 587, "smtps": 465}
_SECONDS = 30


@dataclass(frozen=True)
class Mailer:
    """A mail server and the site that links lead to."""

    server: SplitResult
    base: SplitResult
    sender: str

    def send(self, export: Export, addresses: Sequence[str]) -> None:
        """Send each address a message of its own with the link.

        Raises ``EmailStatsError``, which names the addresses that got none.
        """
        unsent: list[str] = []
        waiting = list(addresses)
        try:
            with self._connected() as server:
                while waiting:
                    address = waiting[0]
                    try:
                        server.send_message(self._message(export, address))
                    except smtplib.SMTPResponseException as error:
                        unsent.append(f"{address}: {_said(error)}")
                    except smtplib.SMTPRecipientsRefused as error:
                        ((code, said),) = error.recipients.values()
                        unsent.append(
                            f"{address}: {code} {printable(said.decode(errors='replace'))}"
                        )
                    waiting.pop(0)
        except (OSError, smtplib.SMTPException) as error:
            if waiting:  # else only the goodbye failed
                unsent.append(f"{', '.join(waiting)}: {_said(error)}")
        if unsent:
            raise EmailStatsError(
                f"The export is done ({export.path}), but no mail was sent to {'; '.join(unsent)}. "
                f"Check {SMTP_VARIABLE} and the addresses, and export again."
            )

    def _connected(self) -> smtplib.SMTP:
        host = self.server.hostname or ""
        port = self.server.port or _PORTS[self.server.scheme]
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self.server.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
        try:
            if self.server.scheme == "smtp" and not links.is_loopback(host):
                server.starttls(context=context)
            if self.server.username:
                server.login(unquote(self.server.username), unquote(self.server.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, export: Export, address: str) -> EmailMessage:
        description = printable(export.description)
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = address
        message["Subject"] = f"Your export: {description}"
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            f"{description}: {formats.plural(export.rows or 0, 'row')}, "
            f"requested by {printable(export.requested_by)}.\n\n"
            f"Download it until {formats.day(export.expires_at)}:\n"
            f"{links.link_to(export, self.base)}\n\n"
            f"The link is valid for {KEPT_DAYS} days and needs no sign-in: whoever has it can "
            "download the file, so keep it to yourself.\n"
        )
        return message


class NoMailServerError(UsageError):
    """The environment names no mail server."""


def mailer() -> Mailer:
    """The mail server that the environment names.

    Raises ``NoMailServerError`` where none is set up, ``UsageError`` where it can't be right.
    """
    text, base = os.environ.get(SMTP_VARIABLE), links.base_url()
    if not text or base is None:
        missing = SMTP_VARIABLE if not text else links.VARIABLE
        raise NoMailServerError(
            f"No mail server is set up, so nothing is exported: set {missing}, or leave --email "
            "out. Mail takes EMAIL_STATS_SMTP_URL (smtps://user:password@host) and "
            "EMAIL_STATS_BASE_URL (where `email-stats serve` is reached)."
        )
    server = urlsplit(text)
    try:
        is_known = server.scheme in _PORTS and server.hostname and server.port != 0
    except ValueError:  # of a port that is no number
        is_known = False
    if not is_known:  # the URL itself may hold a password
        raise UsageError(
            f"{SMTP_VARIABLE} isn't the URL of a mail server: give smtps://host or smtp://host, "
            "with user:password@ before the host where it asks for them."
        )
    sender = os.environ.get(FROM_VARIABLE) or f"email-stats@{base.hostname}"
    return Mailer(server, base, checked_address(sender, FROM_VARIABLE))


def checked_address(text: str, what: str = "--email") -> str:
    """Return an email address as it is. Raises ``UsageError`` where it can't be one."""
    try:
        address = Address(addr_spec=text)
        is_one = bool(address.username and address.domain) and text.isprintable()
    except (ValueError, IndexError, MessageError):
        is_one = False
    if not is_one:
        raise UsageError(f"{what} can't be {text!r}: give an address such as jane@mail.example.")
    return text


def _said(error: Exception) -> str:
    """What a server or the network said, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"{error.smtp_code} {printable(text)}"
    return printable(str(error)) or type(error).__name__
