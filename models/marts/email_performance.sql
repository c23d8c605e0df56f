-- One row per source with statistics: the sum of its days, with every rate and average. Counts and
-- money add up over sources; rates, averages and recipient_contacts don't.
with

daily as (
    select *
    from {{ affected('email_performance_daily') }}
),

email_sources as (
    select * from {{ ref('dim_email_sources') }}
),

messages as (
    select *
    from {{ affected('fct_messages') }}
    where not is_test
),

summed as (
    select
        daily.email_source_id,
        {{ summed_metrics('daily') }}
    from daily
    group by daily.email_source_id
),

described as (
    select
        email_source_id,
        {%- for family in families() %}
        {{ group_availability(family ~ '_availability') }} as {{ family }}_availability,
        {%- endfor %}
        count(distinct contact_id) as recipient_contacts,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from messages
    group by email_source_id
),

final as (
    select
        summed.email_source_id,
        {{ active_attribution_policy() }} as attribution_policy,
        email_sources.email_source_type,
        email_sources.email_source_name,
        email_sources.workflow_name,
        email_sources.campaign_kind,
        email_sources.subject,
        email_sources.sending_domain,
        {%- for family in families() %}
        described.{{ family }}_availability,
        {%- endfor %}
        {{ additive_metrics('summed') }},
        described.recipient_contacts,
        {{ rates('summed') }},
        described.first_sent_at,
        described.last_sent_at
    from summed
    inner join email_sources on summed.email_source_id = email_sources.email_source_id
    inner join described on summed.email_source_id = described.email_source_id
)

select * from final
