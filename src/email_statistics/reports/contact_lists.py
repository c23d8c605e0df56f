"""Who is behind a number of one email source: the contact lists of Email Analytics (guide).

A list has one row a message, so that it adds up to its metric: the contact whom the message went
to, what became of it, when. It picks messages by the day of ``booked_at`` (spec: Dates).
"""

import polars as pl

from email_statistics import warehouse
from email_statistics.reports.metrics import known_money
from email_statistics.reports.period import Period

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
    **{metric: (metric,) for metric in BOXES},
    "bounced": ("hard_bounced", "soft_bounced"),
    **{metric: (metric,) for metric in ("ordered", "replied", "hard_bounced", "soft_bounced")},
    "skipped": ("skipped",),
}
"""For each metric that has a list its outcomes of ``marts.message_outcomes``."""

HAS_REASON = {"bounced", "hard_bounced", "soft_bounced", "failed", "skipped"}
"""The metrics whose messages have a reason: a bounce's or a skip's, an SMTP reply."""

QUERY = """\
select *
from marts.message_outcomes
where
    email_source_id = {id}
    and outcome in ({outcomes})
    and booked_date between {start} and {end}
order by outcome_at desc, message_id"""
"""How to get a whole list: SQL to be shown, its literals to be filled in."""


_WORDS = {"re_engagement": "Re-engagement"}


def worded(name: str) -> str:
    """Write a status or a segment for readers: ``hard_bounced`` as ``Hard bounced``."""
    return _WORDS.get(name) or name.replace("_", " ").capitalize()


def contact_list(
    email_source_id: str, metric: str, period: Period, most: int, skip: int = 0
) -> tuple[pl.DataFrame, int]:
    """Return rows ``skip`` to ``skip + most`` of a list, and how many it has in all.

    The latest outcome comes first, ties by message. ``metric`` is one of ``OUTCOMES``. The frame
    has ``message_id``, ``contact_id``, ``full_name``, ``email``, ``status``, ``segment``,
    ``reason``, ``revenue`` (null where it isn't known), ``orders`` and ``orders_without_rate`` of
    the message, ``outcome_at``, ``last_updated_at`` (UTC) and ``booked_date``.
    """
    chosen = {
        "id": email_source_id,
        "outcomes": list(OUTCOMES[metric]),
        "start": period.start,
        "end": period.end,
    }
    rows = warehouse.sql(
        """
        with

        listed as (
            select *
            from marts.message_outcomes
            where
                email_source_id = $id
                and list_contains($outcomes, outcome)
                and booked_date between $start and $end
            order by outcome_at desc, message_id
            limit $most offset $skip
        )

        select
            listed.message_id,
            listed.contact_id,
            listed.full_name,
            listed.email,
            listed.status,
            contacts.segment,
            listed.reason,
            listed.revenue,
            messages.orders,
            messages.orders_without_rate,
            listed.booked_date,
            listed.outcome_at,
            listed.last_updated_at
        from listed
        inner join marts.contact_engagement as contacts on listed.contact_id = contacts.contact_id
        inner join core.fct_messages as messages on listed.message_id = messages.message_id
        order by listed.outcome_at desc, listed.message_id
        """,
        **chosen,
        most=most,
        skip=skip,
    )
    total = warehouse.sql(
        """
        select count(*)
        from marts.message_outcomes
        where
            email_source_id = $id
            and list_contains($outcomes, outcome)
            and booked_date between $start and $end
        """,
        **chosen,
    )
    return known_money(rows, ["revenue"]), int(total.item())
