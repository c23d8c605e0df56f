-- One row a message that has no accepted send event: how many accepted engagement events wait for one.
{{ config(
    materialized='incremental',
    unique_key='message_id',
    meta={'affected_by': 'int_messages_reengaged'},
    pre_hook="{{ waits_for(['int_messages_reengaged']) }}"
) }}
with

engagement_events as (
    select message_id
    from {{ ref('stg_engagement_events') }}
    where verdict = 'accepted' and {{ is_affected(ref('stg_engagement_events'), 'message_id') }}
),

messages as (
    select message_id
    from {{ ref('int_messages_grouped') }}
    where {{ is_affected(ref('int_messages_grouped'), 'message_id') }}
),

final as (
    select
        engagement_events.message_id,
        count(*) as engagement_events
    from engagement_events
    anti join messages on engagement_events.message_id = messages.message_id
    group by engagement_events.message_id
)

select * from final
