-- One row a message whose source or contact isn't known: how many accepted send events wait with it.
{{ config(
    materialized='incremental',
    unique_key='message_id',
    meta={'affected_by': 'int_messages_remeasured'},
    pre_hook="{{ waits_for(['int_messages_remeasured']) }}"
) }}
with

messages as (
    select *
    from {{ ref('int_messages_grouped') }}
    where {{ is_affected(ref('int_messages_grouped'), 'message_id') }}
),

known as (
    select message_id
    from {{ ref('int_messages_measured') }}
    where {{ is_affected(ref('int_messages_measured'), 'message_id') }}
),

final as (
    select
        messages.message_id,
        messages.email_source_id,
        messages.send_events
    from messages
    anti join known on messages.message_id = known.message_id
)

select * from final
