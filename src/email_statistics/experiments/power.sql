-- How many contacts got an email of a type in the last 90 days and have had their days since, and what a metric came to
-- per contact in these days: one row.
with

build as (
    select data_through_at from core.build
),

-- The first email of each contact.
units as (
    select
        messages.contact_id,
        min_by(messages.message_id, (messages.sent_at, messages.message_id)) as message_id,
        min(messages.sent_at) as sent_at
    from core.fct_messages as messages
    cross join build
    where
        messages.email_source_type = $source_type
        and messages.is_sent
        and not messages.is_test
        and messages.sent_at >= build.data_through_at - interval 90 day
    group by messages.contact_id
),

mature as (
    select units.*
    from units
    cross join build
    where units.sent_at + $outcome_days * interval 1 day <= build.data_through_at
),

conversions as (
    select
        mature.contact_id,
        count(*) as conversions,
        count(*) filter (where conversions.conversion_type = 'order') as orders,
        coalesce(sum(conversions.revenue), 0) as revenue
    from mature
    inner join core.fct_conversions as conversions
        on
            mature.contact_id = conversions.contact_id
            and conversions.converted_at between mature.sent_at and mature.sent_at + $outcome_days * interval 1 day
    group by mature.contact_id
),

engaged as (
    select distinct message_id
    from core.fct_engagement_events
    where
        is_counted
        and event_type in ('opened', 'clicked')
        and actor <> 'machine'
        and message_id in (select mature.message_id from mature)
),

outcomes as (
    select
        mature.sent_at,
        case $metric
            when 'revenue' then coalesce(conversions.revenue, 0)
            when 'orders' then coalesce(conversions.orders, 0)
            when 'ordered' then cast(coalesce(conversions.orders, 0) > 0 as integer)
            when 'converted' then cast(coalesce(conversions.conversions, 0) > 0 as integer)
            when 'delivered' then cast(messages.is_delivered as integer)
            when 'opened' then cast(messages.is_opened as integer)
            when 'human_opened'
                then
                    case
                        when messages.open_availability = 'measured' then cast(engaged.message_id is not null as integer)
                    end
            when 'clicked' then cast(messages.is_clicked as integer)
            when 'unsubscribed' then cast(messages.is_unsubscribed as integer)
            when 'complained' then cast(messages.is_complained as integer)
        end as outcome
    from mature
    inner join core.fct_messages as messages on mature.message_id = messages.message_id
    left join conversions on mature.contact_id = conversions.contact_id
    left join engaged on mature.message_id = engaged.message_id
),

final as (
    select
        count(outcome) as contacts,
        cast(coalesce(sum(outcome), 0) as decimal(38, 2)) as total,
        cast(coalesce(sum(cast(outcome as decimal(19, 2)) * cast(outcome as decimal(19, 2))), 0) as decimal(38, 4))
            as total_squared,
        min(sent_at) filter (where outcome is not null) as first_sent_at,
        max(sent_at) filter (where outcome is not null) as last_sent_at
    from outcomes
)

select * from final
