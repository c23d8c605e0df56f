-- One row per touch of a contact that converted, by whatever policy: an open or click that counts or
-- would but for being a machine's, and the delivery of a message. Which of them can earn credit, a policy says.
with

conversions as (
    select * from {{ ref('int_conversions_identified') }}
),

engagement_events as (
    select * from {{ affected('fct_engagement_events') }}
),

email_sources as (
    select * from {{ ref('dim_email_sources') }}
),

messages as (
    select * from {{ affected('int_messages_outcomes') }}
),

converting_messages as (
    select
        messages.message_id,
        messages.email_source_id,
        messages.contact_id,
        email_sources.email_source_type,
        email_sources.has_product_element,
        messages.sent_at,
        case when not messages.is_test then messages.delivered_at end as delivered_at
    from messages
    inner join email_sources on messages.email_source_id = email_sources.email_source_id
    where messages.contact_id in (select conversions.contact_id from conversions)
),

touches as (
    select
        messages.contact_id,
        messages.message_id,
        messages.email_source_id,
        engagement_events.event_id,
        messages.email_source_type,
        engagement_events.event_type as touch_type,
        messages.has_product_element,
        engagement_events.actor = 'machine' as is_machine,
        engagement_events.event_at as touch_at,
        messages.sent_at
    from converting_messages as messages
    inner join engagement_events on messages.message_id = engagement_events.message_id
    where engagement_events.is_counted_but_for_machine and engagement_events.event_type in ('opened', 'clicked')
    union all
    select
        contact_id,
        message_id,
        email_source_id,
        null as event_id,
        email_source_type,
        'delivered' as touch_type,
        has_product_element,
        false as is_machine,
        delivered_at as touch_at,
        sent_at
    from converting_messages
    where delivered_at is not null
),

final as (
    select
        *,
        row_number() over (partition by contact_id order by {{ touch_order('touches') }}) as touch_number
    from touches
)

select * from final
