"""Who is behind a number of one email source: the contact lists of Email Analytics (guide).

A list has one row per message, so that it adds up to its metric: the contact who got the message,
what became of it, when.
"""

from dataclasses import replace

from email_statistics.reports.ask.queries import Answer, Asked
from email_statistics.reports.words.metrics import known_money

BOXES = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "complained",
    "bounced",
    "unsubscribed",
    "failed",
)
"""The metric boxes of Email Analytics, in the guide's order."""

OUTCOMES = {
    **{metric: [metric] for metric in BOXES},
    "bounced": ["hard_bounced", "soft_bounced"],
    **{metric: [metric] for metric in ("ordered", "replied", "hard_bounced", "soft_bounced")},
    "skipped": ["skipped"],
}
"""For each metric that has a list its outcomes of ``marts.message_outcomes``."""

HAS_REASON = {"bounced", "hard_bounced", "soft_bounced", "failed", "skipped"}
"""The metrics whose messages have a reason: a bounce's or a skip's, an SMTP reply."""


def contact_list(
    asked: Asked, email_source_id: str, metric: str, first: int | None = None, skip: int = 0
) -> Answer:
    """Return a list over the days that are asked for: all of it, or ``first`` rows after ``skip``.

    The latest outcome comes first, ties by message. ``metric`` is one of ``OUTCOMES``. The frame
    has ``message_id``, ``contact_id``, ``full_name``, ``email``, ``status``, ``segment``,
    ``reason``, ``revenue`` (null where it isn't known), ``orders`` and ``orders_without_rate`` of
    the message, ``outcome_at``, ``last_updated_at`` (UTC) and ``booked_date``.
    """
    answer = asked.ask(
        "shared/contacts",
        name=f"contacts_{metric}",
        id=email_source_id,
        outcomes=OUTCOMES[metric],
        first=first,
        skip=skip,
    )
    return replace(answer, rows=known_money(answer.rows, ["revenue"]))
