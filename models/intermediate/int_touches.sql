-- One row a touch that can earn credit: a counted open or click on an eligible message.
{{ config(
    materialized='incremental',
    unique_key='message_id',
    meta={'affected_by': 'int_messages_reengaged'},
    pre_hook="{{ waits_for(['int_messages_reengaged']) }}"
) }}
with

engagement_events as (
    select *
    from {{ ref('fct_engagement_events') }}
    where {{ is_affected('message_id') }}
),

email_sources as (
    select * from {{ ref('dim_email_sources') }}
),

messages as (
    select *
    from {{ ref('int_messages_measured') }}
    where {{ is_affected('message_id') }}
),

engagement as (
    select *
    from {{ ref('int_messages_engaged') }}
    where {{ is_affected('message_id') }}
),

final as (
    select
        engagement_events.contact_id,
        engagement_events.message_id,
        engagement_events.email_source_id,
        engagement_events.event_type as touch_type,
        engagement_events.event_at as touch_at,
        {{ dispatched_at('messages', 'engagement') }} as sent_at
    from engagement_events
    inner join email_sources on engagement_events.email_source_id = email_sources.email_source_id
    inner join messages on engagement_events.message_id = messages.message_id
    inner join engagement on engagement_events.message_id = engagement.message_id
    where {{ is_touch('engagement_events', 'email_sources') }}
)

select * from final
