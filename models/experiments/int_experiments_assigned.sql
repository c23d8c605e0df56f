-- One row per experiment and contact (after all merges) that was assigned to one of its arms: the earliest assignment,
-- and of how many arms there were others.
with

experiments as (
    select * from {{ ref('dim_experiments') }}
),

assignments as (
    select
        assignments.experiment_id,
        contacts.surviving_contact_id as contact_id,
        min_by(assignments.arm, (assignments.event_at, assignments.event_id)) as arm,
        count(distinct assignments.arm) as arms,
        cast(null as string) as message_id,
        min(assignments.event_at) as assigned_at
    from {{ ref('stg_experiment_assignments') }} as assignments
    inner join {{ ref('int_contacts_merged') }} as contacts on assignments.contact_id = contacts.contact_id
    where assignments.row_status = 'accepted'
    group by assignments.experiment_id, contacts.surviving_contact_id
),

variants as (
    select
        experiments.experiment_id,
        messages.contact_id,
        min_by(messages.variant, (messages.first_send_event_at, messages.message_id)) as arm,
        count(distinct messages.variant) as arms,
        min_by(messages.message_id, (messages.first_send_event_at, messages.message_id)) as message_id,
        min(messages.first_send_event_at) as assigned_at
    from {{ ref('fct_messages') }} as messages
    inner join experiments on messages.email_source_id = experiments.email_source_id
    where
        experiments.is_assigned_by_variant
        and messages.variant is not null
        and not messages.is_winner_rollout
        and not messages.is_test
    group by experiments.experiment_id, messages.contact_id
),

assigned as (
    select * from assignments
    union all
    select * from variants
),

final as (
    select
        assigned.*,
        experiments.experiment_type,
        experiments.email_source_id,
        experiments.is_assigned_by_variant,
        assigned.arm = experiments.control_arm as is_control,
        assigned.assigned_at + experiments.outcome_days * interval 1 day as window_ends_at
    from assigned
    inner join experiments on assigned.experiment_id = experiments.experiment_id
)

select * from final
