-- One row per thing that happened to a subject ($subject: message, order, contact or campaign; $id): the
-- latest $most rows of the kinds in $kinds, in time order, rows without a time last. Each row says what was
-- decided (status, reason). Rows don't add up: a touch has one row per conversion it was considered for.
with

messages as (
    select *
    from core.fct_messages
    where
        ($subject = 'message' and message_id = $id)
        or ($subject = 'contact' and (contact_id = $id or recipient_contact_id = $id))
),

-- Of each type of send event the first, and the last where it is kept; times that were inferred. A message
-- is targeted by an event of its own, before all others.
message_times as (
    select
        messages.*,
        times.*
    from messages
    cross join lateral (
        values
        ('targeted', 1, true, case
            when first_send_event_at is distinct from least(
                first_skipped_event_at, first_failed_event_at, first_sent_event_at, first_accepted_event_at,
                first_deferred_event_at, first_rejected_event_at, first_delivered_event_at, first_soft_bounced_event_at,
                first_hard_bounced_event_at
            ) then first_send_event_at
        end),
        ('sent', 2, is_sent, first_sent_event_at),
        ('sent_inferred', 2, is_sent, case when first_sent_event_at is null then sent_at end),
        ('accepted', 3, is_accepted, first_accepted_event_at),
        ('deferred', 3, is_deferred, first_deferred_event_at),
        ('rejected', 3, is_rejected, first_rejected_event_at),
        ('skipped', 4, is_skipped, first_skipped_event_at),
        ('failed', 4, is_failed, first_failed_event_at),
        ('delivered', 4, is_delivered, first_delivered_event_at),
        ('delivered_inferred', 4, is_delivered, case when is_delivered_inferred then delivered_at end),
        ('delivered_last', 4, is_delivered, nullif(last_delivered_event_at, first_delivered_event_at)),
        ('soft_bounced', 4, is_soft_bounced, first_soft_bounced_event_at),
        ('hard_bounced', 4, is_hard_bounced, first_hard_bounced_event_at),
        ('hard_bounced_last', 4, is_hard_bounced, nullif(last_hard_bounced_event_at, first_hard_bounced_event_at))
    ) as times (what, stage, is_so, happened_at)
),

steps as (
    select
        'step' as kind,
        happened_at,
        what,
        message_id,
        message_id as item_id,
        email_source_id,
        case when what in ('skipped', 'failed', 'soft_bounced', 'hard_bounced') then reason end as detail,
        case when is_so and not is_test then 'counted' else 'not_counted' end as status,
        case
            when is_test then 'test_send'
            when is_so is null and what in ('accepted', 'rejected') then acceptance_availability
            when is_so is null then delivery_availability
            when not is_so then 'overtaken'
        end as reason,
        stage
    from message_times
    where happened_at is not null
),

engagement as (
    select
        'engagement' as kind,
        events.event_at as happened_at,
        events.event_type as what,
        events.message_id,
        events.event_id as item_id,
        events.email_source_id,
        events.url as detail,
        if(events.is_counted, 'counted', 'not_counted') as status,
        events.exclusion_reason as reason,
        events.actor,
        5 as stage
    from core.fct_engagement_events as events
    inner join messages on events.message_id = messages.message_id
),

conversions as (
    select
        'conversion' as kind,
        converted_at as happened_at,
        if(conversion_type = 'order', 'ordered', 'goal_completed') as what,
        message_id,
        conversion_id as item_id,
        email_source_id,
        goal_name as detail,
        if(is_attributed, 'credited', 'not_credited') as status,
        unattributed_reason as reason,
        attribution_policy,
        touch_type,
        original_revenue as amount,
        currency,
        revenue,
        7 as stage
    from core.fct_conversions
    where
        ($subject = 'contact' and contact_id = $id)
        or ($subject = 'order' and conversion_type = 'order' and conversion_id = $id)
),

order_events as (
    select
        'order_event' as kind,
        events.event_at as happened_at,
        events.event_type as what,
        events.event_id as item_id,
        if(events.verdict = 'accepted' and conversions.item_id is not null, 'counted', 'not_counted') as status,
        case
            when events.verdict = 'duplicate' then 'duplicate'
            when conversions.item_id is null then 'not_paid'
        end as reason,
        events.amount,
        events.currency,
        6 as stage
    from core.fct_order_events as events
    left join conversions on events.order_id = conversions.item_id
    where $subject = 'order' and events.order_id = $id
),

touches as (
    select
        'touch' as kind,
        touch_at as happened_at,
        touch_type as what,
        message_id,
        conversion_type || ' ' || conversion_id as item_id,
        email_source_id,
        if(reason = 'credited', 'credited', 'not_credited') as status,
        nullif(reason, 'credited') as reason,
        attribution_policy,
        6 as stage
    from marts.attribution_ledger
    where
        ($subject = 'message' and message_id = $id)
        or ($subject = 'contact' and contact_id = $id)
        or ($subject = 'order' and conversion_type = 'order' and conversion_id = $id)
),

quarantined as (
    select
        'quarantined' as kind,
        loaded_at as happened_at,
        'quarantined' as what,
        concat_ws(' ', raw_table, event_id) as item_id,
        'not_counted' as status,
        reason,
        8 as stage
    from core.fct_quarantined_events
    where
        $subject in ('message', 'order', 'contact')
        and contains(raw_row, $id)
        and raw_row ->> ('$.' || $subject || '_id') = $id
),

-- A campaign's days, in the reporting time zone.
days as (
    select
        'day' as kind,
        timezone($zone, cast(activity_date as timestamp)) as happened_at,
        'day' as what,
        email_source_id as item_id,
        concat_ws(
            ', ',
            nullif(sum(sent), 0) || ' sent',
            nullif(sum(delivered), 0) || ' delivered',
            nullif(sum(bounced), 0) || ' bounced',
            nullif(sum(opened), 0) || ' opened',
            nullif(sum(clicked), 0) || ' clicked',
            nullif(sum(replied), 0) || ' replied',
            nullif(sum(unsubscribed), 0) || ' unsubscribed',
            nullif(sum(complained), 0) || ' complained',
            nullif(sum(orders), 0) || ' ordered',
            nullif(sum(conversions - orders), 0) || ' goals completed'
        ) as detail,
        9 as stage
    from marts.email_activity_hourly
    where $subject = 'campaign' and email_source_id = $id
    group by email_source_id, activity_date
),

milestones as (
    select
        'milestone' as kind,
        unnest([
            sources.created_at, sources.scheduled_at, performance.first_sent_at, performance.last_sent_at,
            sources.updated_at
        ]) as happened_at,
        unnest(['created', 'scheduled', 'first_sent', 'last_sent', 'settings_changed']) as what,
        sources.email_source_id as item_id,
        0 as stage
    from core.dim_email_sources as sources
    left join marts.email_performance as performance on sources.email_source_id = performance.email_source_id
    where $subject = 'campaign' and sources.email_source_id = $id
),

happenings as (
    select * from steps
    union all by name
    select * from engagement
    union all by name
    select * from conversions
    union all by name
    select * from order_events
    union all by name
    select * from touches
    union all by name
    select * from quarantined
    union all by name
    select * from days
    union all by name
    select * from milestones
    where happened_at is not null
),

latest as (
    select
        *,
        count(*) over () as happenings
    from happenings
    where list_contains($kinds, kind)
    order by happened_at desc nulls first, stage desc, item_id desc, what desc
    limit $most
)

select
    latest.* exclude (stage),
    sources.email_source_type,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name
from latest
left join core.dim_email_sources as sources on latest.email_source_id = sources.email_source_id
order by latest.happened_at nulls last, latest.stage, latest.item_id, latest.what
