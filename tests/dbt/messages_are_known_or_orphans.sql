-- Every accepted send event belongs to a message in fct_messages, or to one that waits as an orphan.
with

found as (
    select
        (select coalesce(sum(messages.send_events), 0) from {{ ref('fct_messages') }} as messages) as known_rows,
        (select coalesce(sum(orphaned.send_events), 0) from {{ ref('int_messages_orphaned') }} as orphaned)
            as orphan_rows
)

select
    found.*,
    raw_tables.accepted_rows,
    raw_tables.orphan_rows as reported_orphan_rows
from found
cross join {{ ref('fct_raw_tables') }} as raw_tables
where
    raw_tables.raw_table = 'send_events'
    and (
        found.known_rows + found.orphan_rows <> raw_tables.accepted_rows
        or found.orphan_rows <> raw_tables.orphan_rows
    )
