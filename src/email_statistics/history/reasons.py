"""Why something isn't counted or credited, in words that end a sentence."""

from collections.abc import Mapping
from typing import Any

from email_statistics.reports.words.reasons import EXCLUSIONS, TOUCHES, UNATTRIBUTED, continued

REASONS = {
    **{code: continued(words) for code, words in UNATTRIBUTED.items()},
    **{
        code: continued(words.removeprefix("Not credited: "))
        for code, words in TOUCHES.items()
        if code != "credited"
    },
    **EXCLUSIONS,
    # A step of a message.
    "overtaken": "something later or stronger came",
    # An order event.
    "duplicate": "a duplicate: counts once",
    "not_paid": "the order isn't paid",
}


def reason(row: Mapping[str, Any]) -> str:
    """Return the reason of a row of ``timeline.sql`` in words."""
    return REASONS.get(row["reason"]) or str(row["reason"]).replace("_", " ")
