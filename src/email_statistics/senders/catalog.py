"""Every sender by name, imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_statistics.senders.mapping.declaration import Sender

NAMES = (
    *("highlevel", "sendgrid", "mailgun", "ses", "postmark", "mandrill", "mailchimp", "brevo"),
    *("resend", "sparkpost", "klaviyo", "braze", "customerio", "shopify", "woocommerce", "stripe"),
    "table",
)


def get(name: str) -> Sender:
    """The declaration of a sender of ``NAMES``."""
    sender: Sender = importlib.import_module(f"email_statistics.senders.{name}").SENDER
    return sender
