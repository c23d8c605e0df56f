-- One row per message (tests left out) and outcome that is true of it: the Details tabs. Rows of one
-- outcome add up to the performance marts; revenue is the message's on each of its rows, so it doesn't
-- add up over outcomes.
with

messages as (
    select
        *,
        {{ furthest_outcome('fct_messages') }} as status
    from {{ ref('fct_messages') }} as fct_messages
    where not is_test
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

outcomes as (
    {%- for outcome in outcomes() %}
    select
        messages.*,
        '{{ outcome }}' as outcome,
        messages.{{ outcome }}_at as outcome_at
    from messages
    where messages.is_{{ outcome }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        outcomes.message_id,
        outcomes.email_source_id,
        outcomes.contact_id,
        {{ active_attribution_policy() }} as attribution_policy,
        outcomes.email_source_type,
        outcomes.outcome,
        outcomes.status,
        contacts.full_name,
        contacts.email,
        outcomes.recipient_email,
        outcomes.reason,
        outcomes.revenue,
        outcomes.booked_date,
        outcomes.outcome_at,
        outcomes.last_updated_at
    from outcomes
    inner join contacts on outcomes.contact_id = contacts.contact_id
)

select * from final
