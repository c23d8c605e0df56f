-- One row per event table that can have orphans: how many accepted events wait for their parent. Send
-- events of a message whose source or contact isn't known; engagement whose message has no send event; assignments of
-- an unknown contact, or to an unknown experiment.
with

final as (
    select
        'send_events' as raw_table,
        coalesce(sum(send_events), 0) as orphan_rows
    from {{ ref('int_messages_orphaned') }}
    union all
    select
        'engagement_events' as raw_table,
        coalesce(sum(engagement_events), 0) as orphan_rows
    from {{ ref('int_engagement_events_orphaned') }}
    union all
    select
        'experiment_assignments' as raw_table,
        count(*) as orphan_rows
    from {{ ref('stg_experiment_assignments') }} as assignments
    left join {{ ref('int_contacts_merged') }} as contacts on assignments.contact_id = contacts.contact_id
    left join {{ ref('stg_experiments') }} as experiments
        on assignments.experiment_id = experiments.experiment_id and experiments.is_latest
    where
        assignments.row_status = 'accepted'
        and (contacts.contact_id is null or experiments.experiment_id is null)
)

select * from final
