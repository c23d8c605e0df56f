-- One row a known source with non-test messages of known contacts: its first send event.
{{ config(
    materialized='incremental',
    unique_key='email_source_id',
    meta={'affected_by': 'int_email_sources_touched'},
    pre_hook="{{ waits_for(['int_email_sources_touched']) }}"
) }}
with

messages as (
    select * from {{ ref('int_messages_known') }}
),

final as (
    select
        email_source_id,
        min(first_event_at) as first_send_at
    from messages
    where not is_test and {{ is_affected(ref('int_messages_known'), 'email_source_id') }}
    group by email_source_id
)

select * from final
