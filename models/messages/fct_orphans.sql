-- One row per email source that orphan send events name, known or not, and one for those that name none: how many
-- accepted send events, and messages, wait for their source or contact. Rows add up to the orphans of send_events;
-- orphaned engagement names no source.
with

messages as (
    select * from {{ ref('int_messages_orphaned') }}
),

final as (
    select
        coalesce(email_source_id, '(none named)') as email_source_id,
        count(*) as orphan_messages,
        cast(sum(send_events) as bigint) as orphan_rows
    from messages
    group by coalesce(email_source_id, '(none named)')
)

select * from final
