"""All that is known of one contact, in the order in which it happened."""

import polars as pl

from email_statistics import warehouse
from email_statistics.reports.words.metrics import known_money


def contact(contact_id: str) -> dict[str, object] | None:
    """Describe a contact: name, email, segment and its counts; None where there is none.

    ``revenue`` is null where no order has an exchange rate.
    """
    found = warehouse.sql(
        """
        select
            contact_id, full_name, email, segment, is_do_not_disturb,
            sent, delivered, opened, clicked, replied, soft_bounced, hard_bounced, unsubscribed,
            complained, failed, skipped, orders, revenue,
            (
                select cast(coalesce(sum(orders_without_rate), 0) as bigint)
                from core.fct_messages
                where contact_id = $id and not is_test
            ) as orders_without_rate
        from marts.contact_engagement
        where contact_id = $id
        """,
        id=contact_id,
    )
    found = known_money(found, ["revenue"])
    return None if found.is_empty() else found.row(0, named=True)


def history(contact_id: str, most: int) -> tuple[pl.DataFrame, int]:
    """Return the latest ``most`` happenings of a contact, and how many there are in all.

    One row a happening, in time order: each first time of the steps of each message, tests too,
    each engagement event, counted or not, each conversion, credited or not. The frame has
    ``happened_at`` (UTC), ``what``, ``message_id``, ``email_source_type``, ``email_source_name``,
    ``detail`` (a reason, a URL or a goal), ``actor``, ``exclusion_reason``,
    ``unattributed_reason``, ``revenue`` and ``is_test``; null where it doesn't apply.
    """
    found = warehouse.sql(
        """
        with

        messages as (
            select
                *,
                case when is_pending then booked_at end as targeted_at
            from core.fct_messages
            where contact_id = $id
        ),

        steps as (
            unpivot messages
            on
                targeted_at, skipped_at, failed_at, sent_at, accepted_at, rejected_at,
                delivered_at, soft_bounced_at, hard_bounced_at
            into name step value happened_at
        ),

        happenings as (
            select
                happened_at,
                case
                    when step = 'delivered_at' and is_delivered_inferred then 'delivered_inferred'
                    else replace(step, '_at', '')
                end as what,
                message_id,
                email_source_id,
                case
                    when step in ('skipped_at', 'failed_at', 'soft_bounced_at', 'hard_bounced_at')
                        then reason
                end as detail,
                null as actor,
                null as exclusion_reason,
                null as unattributed_reason,
                null as revenue,
                is_test,
                case step
                    when 'targeted_at' then 1
                    when 'sent_at' then 2
                    when 'accepted_at' then 3
                    when 'rejected_at' then 3
                    else 4
                end as stage,
                message_id as tie
            from steps

            union all

            select
                events.event_at,
                events.event_type,
                events.message_id,
                events.email_source_id,
                events.url,
                events.actor,
                events.exclusion_reason,
                null,
                null,
                messages.is_test,
                5,
                events.event_id
            from core.fct_engagement_events as events
            inner join messages on events.message_id = messages.message_id

            union all

            select
                converted_at,
                case conversion_type when 'order' then 'ordered' else 'goal_completed' end,
                message_id,
                email_source_id,
                goal_name,
                null,
                null,
                unattributed_reason,
                revenue,
                false,
                6,
                conversion_id
            from core.fct_conversions
            where contact_id = $id
        ),

        latest as (
            select
                *,
                count(*) over () as happenings
            from happenings
            order by happened_at desc, stage desc, tie desc
            limit $most
        )

        select
            latest.happened_at,
            latest.what,
            latest.message_id,
            sources.email_source_type,
            coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
            latest.detail,
            latest.actor,
            latest.exclusion_reason,
            latest.unattributed_reason,
            latest.revenue,
            latest.is_test,
            latest.happenings
        from latest
        left join core.dim_email_sources as sources
            on latest.email_source_id = sources.email_source_id
        order by latest.happened_at, latest.stage, latest.tie
        """,
        id=contact_id,
        most=most,
    )
    total = 0 if found.is_empty() else int(found["happenings"][0])
    return found.drop("happenings"), total
