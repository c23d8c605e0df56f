"""Why something isn't counted or credited, in words that end a sentence."""

from collections.abc import Mapping
from typing import Any

from email_statistics.reports.words.reasons import EXCLUSIONS

REASONS = EXCLUSIONS | {
    # A step of a message.
    "overtaken": "something later or stronger came",
    # An order event.
    "duplicate": "a duplicate: counts once",
    "not_paid": "the order isn't paid",
    # A touch.
    "after_conversion": "it came after the conversion",
    "outside_window": "outside the attribution window",
    "ineligible_source": "emails of this type earn no credit",
    "not_product_campaign": "the email shows no products",
    "superseded": "another touch is credited",
    # A conversion.
    "contact_unknown": "its contact isn't known",
    "contact_ambiguous": "several contacts have its email",
    "no_touch": "no open or click before it",
}


def reason(row: Mapping[str, Any]) -> str:
    """Return the reason of a row of ``timeline.sql`` in words."""
    return REASONS.get(row["reason"]) or str(row["reason"]).replace("_", " ")
