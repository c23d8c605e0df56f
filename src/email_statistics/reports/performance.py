"""What reports ask the warehouse about email sources of one type: bound SQL, summed in the engine.

A date range picks messages by the day of ``booked_at``, with all that came of them; ``activity``
alone books each event on its own time (spec: Dates).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from email_statistics import warehouse
from email_statistics.reports.metrics import Metric, known_money, with_ratios
from email_statistics.reports.period import Period


def _completed(sums: pl.DataFrame, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Give sums their types, unknown money as null, and every rate and average."""
    # DuckDB sums bigints to a hugeint, which arrives as a decimal.
    counted = sums.with_columns(
        pl.col(metric.metric).cast(pl.Int64)
        for metric in metrics.values()
        if metric.kind == "count"
    )
    money = [metric.metric for metric in metrics.values() if metric.kind == "money"]
    return with_ratios(known_money(counted, money), metrics)


def sources(email_source_type: str, period: Period, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """One row a source with messages booked in the period, the most recent first.

    It has the source's description, every count and sum of money of these messages, and the rates
    and averages of them; ``first_sent_at`` and the availability are those of its whole life. Most
    recent is by ``first_sent_at``, ties by id (spec: Reports); what was never sent comes last.
    """
    found = warehouse.sql(
        r"""
        with

        summed as (
            select
                email_source_id,
                sum(columns(* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
            from marts.email_performance_daily
            where booked_date between $start and $end
            group by email_source_id
        )

        select
            coalesce(performance.email_source_name, performance.email_source_id)
                as email_source_name,
            performance.workflow_name,
            performance.campaign_kind,
            performance.subject,
            performance.delivery_availability,
            performance.open_availability,
            performance.click_availability,
            performance.first_sent_at,
            summed.*
        from summed
        inner join marts.email_performance as performance
            on summed.email_source_id = performance.email_source_id
        where performance.email_source_type = $type
        order by performance.first_sent_at desc nulls last, performance.email_source_id
        """,
        type=email_source_type,
        start=period.start,
        end=period.end,
    )
    return _completed(found, metrics)


def listed(email_source_type: str) -> pl.DataFrame:
    """One row a source of the type that has statistics, the most recent first (as ``sources``).

    It has ``email_source_id``, ``email_source_name``, ``workflow_name``, ``first_sent_at`` (UTC),
    and of its whole life ``first_booked_date`` and ``last_booked_date``.
    """
    return warehouse.sql(
        """
        with

        booked as (
            select
                email_source_id,
                min(booked_date) as first_booked_date,
                max(booked_date) as last_booked_date
            from marts.email_performance_daily
            group by email_source_id
        )

        select
            performance.email_source_id,
            coalesce(performance.email_source_name, performance.email_source_id)
                as email_source_name,
            performance.workflow_name,
            performance.first_sent_at,
            booked.first_booked_date,
            booked.last_booked_date
        from marts.email_performance as performance
        inner join booked on performance.email_source_id = booked.email_source_id
        where performance.email_source_type = $type
        order by performance.first_sent_at desc nulls last, performance.email_source_id
        """,
        type=email_source_type,
    )


def total(email_source_type: str, period: Period, metrics: Mapping[str, Metric]) -> pl.DataFrame:
    """Sum the period's messages to one row: every count, sum of money, rate and average.

    A count is null when it was measured for none of them, money when no order has an exchange rate;
    all are null when there is no message.
    """
    found = warehouse.sql(
        r"""
        select
            sum(columns(daily.* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
        from marts.email_performance_daily as daily
        inner join marts.email_performance as performance
            on daily.email_source_id = performance.email_source_id
        where performance.email_source_type = $type and daily.booked_date between $start and $end
        """,
        type=email_source_type,
        start=period.start,
        end=period.end,
    )
    return _completed(found, metrics)


def source_total(
    email_source_id: str, period: Period, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """Sum one source's messages of the period to one row, as ``total`` does those of a type."""
    found = warehouse.sql(
        r"""
        select sum(columns(* exclude (email_source_id, attribution_policy, booked_date))) as "\0"
        from marts.email_performance_daily
        where email_source_id = $id and booked_date between $start and $end
        """,
        id=email_source_id,
        start=period.start,
        end=period.end,
    )
    return _completed(found, metrics)


def source_activity(email_source_id: str, period: Period) -> pl.DataFrame:
    """Read what happened to one source's messages, each event on its own hour.

    One row an hour with something in it: ``activity_date``, ``activity_hour`` (its start in UTC),
    counts of messages by what happened (null where it isn't measured), ``conversions``, ``orders``
    and ``revenue``.
    """
    return warehouse.sql(
        """
        select
            sent,
            delivered,
            opened,
            clicked,
            conversions,
            orders,
            revenue,
            activity_date,
            activity_hour
        from marts.email_activity_hourly
        where email_source_id = $id and activity_date between $start and $end
        order by activity_hour
        """,
        id=email_source_id,
        start=period.start,
        end=period.end,
    )


def activity(email_source_type: str, period: Period) -> pl.DataFrame:
    """Count each event on its own day: one row a reporting day on which something happened.

    ``activity_date`` and how many messages were ``sent``, ``opened``, ``clicked``, ``unsubscribed``
    that day; null where only sources were active for which it isn't measured.
    """
    return warehouse.sql(
        """
        select
            activity.activity_date,
            cast(sum(activity.sent) as bigint) as sent,
            cast(sum(activity.opened) as bigint) as opened,
            cast(sum(activity.clicked) as bigint) as clicked,
            cast(sum(activity.unsubscribed) as bigint) as unsubscribed
        from marts.email_activity_hourly as activity
        inner join marts.email_performance as performance
            on activity.email_source_id = performance.email_source_id
        where
            performance.email_source_type = $type
            and activity.activity_date between $start and $end
        group by activity.activity_date
        order by activity.activity_date
        """,
        type=email_source_type,
        start=period.start,
        end=period.end,
    )


def booked_days(email_source_type: str) -> tuple[date, date] | None:
    """Find the first and the last day with messages of these sources; None without any."""
    found = warehouse.sql(
        """
        select min(daily.booked_date) as first_day, max(daily.booked_date) as last_day
        from marts.email_performance_daily as daily
        inner join marts.email_performance as performance
            on daily.email_source_id = performance.email_source_id
        where performance.email_source_type = $type
        """,
        type=email_source_type,
    ).row(0)
    return None if found[0] is None else (found[0], found[1])
