-- One row per conversion whose attribution this batch may change, with its current contact. That is a conversion that
-- may have changed itself, or one of a contact with changed touches, where one of them may come before the conversion
-- or be the first after it.
with

conversions as (
    select * from {{ ref('int_conversions_identified') }}
),

changed as (
    select
        conversion_type,
        conversion_id
    from {{ ref('changed_conversions') }}
),

-- Changed messages, as they are now and as they were.
messages as (
    select
        message_id,
        contact_id,
        first_send_event_at
    from {{ ref('int_messages_measured') }}
    union all
    select
        message_id,
        contact_id,
        first_send_event_at
    from {{ ref('changed_messages') }}
),

engagement as (
    select
        message_id,
        min(event_at) as first_engaged_at
    from {{ of_changed('stg_engagement_events', 'message_id', 'changed_messages') }}
    group by message_id
),

-- No touch of a contact from before this time has changed.
contacts as (
    select
        messages.contact_id,
        min(least(messages.first_send_event_at, engagement.first_engaged_at)) as changed_from
    from messages
    left join engagement on messages.message_id = engagement.message_id
    group by messages.contact_id
),

first_after as (
    select
        conversion_type,
        conversion_id,
        touch_at
    from {{ before('fct_attribution_touches') }}
    where touch_rank = 0
),

final as (
    select
        changed.conversion_type,
        changed.conversion_id,
        conversions.contact_id
    from changed
    left join conversions
        on changed.conversion_type = conversions.conversion_type and changed.conversion_id = conversions.conversion_id
    union distinct
    select
        conversions.conversion_type,
        conversions.conversion_id,
        conversions.contact_id
    from conversions
    inner join contacts on conversions.contact_id = contacts.contact_id
    left join first_after
        on
            conversions.conversion_type = first_after.conversion_type
            and conversions.conversion_id = first_after.conversion_id
    where
        conversions.converted_at >= contacts.changed_from
        or first_after.touch_at is null
        or first_after.touch_at >= contacts.changed_from
)

select * from final
