-- One row per experiment and attribution policy: what the policy credits of the treated contacts' orders, beside what
-- their revenue has above the control's. For experiments whose control got no email; never adds up over policies.
with

experiments as (
    select * from {{ ref('dim_experiments') }}
),

contacts as (
    select * from {{ ref('fct_experiment_contacts') }}
),

policies as (
    select * from {{ ref('dim_attribution_policies') }}
),

checks as (
    select
        experiment_id,
        max(value) filter (where check_name = 'sample_ratio') as sample_ratio_p,
        max(value) filter (where check_name = 'maturity') as immature_contacts
    from {{ ref('experiment_checks') }}
    group by experiment_id
),

-- A/B tests whose control got the email too compare two emails, not an email and none.
emailed_controls as (
    select distinct contacts.experiment_id
    from contacts
    inner join experiments on contacts.experiment_id = experiments.experiment_id
    inner join {{ ref('fct_messages') }} as messages
        on
            contacts.contact_id = messages.contact_id
            and experiments.email_source_id = messages.email_source_id
            and messages.sent_at between contacts.assigned_at and contacts.window_ends_at
    where experiments.experiment_type = 'ab_test' and contacts.is_control and not messages.is_test
),

calibrated as (
    select experiments.*
    from experiments
    where
        experiments.experiment_type = 'holdout'
        or (
            experiments.email_source_id is not null
            and experiments.experiment_id not in (select emailed_controls.experiment_id from emailed_controls)
        )
),

pooled as (
    select
        calibrated.experiment_id,
        {{ sufficient_statistics('case when not contacts.is_control then contacts.revenue end', 'treated') }},
        {{ sufficient_statistics('case when contacts.is_control then contacts.revenue end', 'control') }}
    from calibrated
    left join contacts on calibrated.experiment_id = contacts.experiment_id
    group by calibrated.experiment_id
),

-- What each policy credits of each treated contact's orders, to messages that the experiment is about.
credits as (
    select
        contacts.experiment_id,
        contacts.contact_id,
        credits.attribution_policy,
        any_value(contacts.revenue) as revenue,
        sum(credits.revenue) as credited_revenue
    from contacts
    inner join calibrated on contacts.experiment_id = calibrated.experiment_id
    inner join {{ ref('fct_attribution_credits') }} as credits
        on
            contacts.contact_id = credits.contact_id
            and credits.converted_at between contacts.assigned_at and contacts.window_ends_at
            and credits.email_source_id = coalesce(calibrated.email_source_id, credits.email_source_id)
    inner join {{ ref('fct_messages') }} as messages
        on credits.message_id = messages.message_id and contacts.assigned_at <= messages.sent_at
    where contacts.is_mature and not contacts.is_control and credits.conversion_type = 'order'
    group by contacts.experiment_id, contacts.contact_id, credits.attribution_policy
),

credited as (
    select
        experiment_id,
        attribution_policy,
        sum(credited_revenue) as total,
        sum({{ product_of('credited_revenue', 'credited_revenue') }}) as total_squared,
        sum({{ product_of('revenue', 'credited_revenue') }}) as total_product
    from credits
    group by experiment_id, attribution_policy
),

paired as (
    select
        calibrated.experiment_id,
        policies.attribution_policy,
        pooled.treated_contacts,
        {{ arm_of('pooled', 'treated_') }} as treated,
        {{ arm_of('pooled', 'control_') }} as control,
        {{ struct_of({
            'contacts': 'pooled.treated_contacts', 'total': 'cast(coalesce(credited.total, 0) as decimal(38, 2))',
            'total_squared': 'cast(coalesce(credited.total_squared, 0) as decimal(38, 4))',
        }) }} as credit,
        cast(coalesce(credited.total_product, 0) as decimal(38, 4)) as total_product,
        {{ cents('credited.total') }} as credited_revenue,
        {{ sequence_tuned_at('calibrated') }} as tuned_at,
        coalesce(checks.sample_ratio_p < {{ sample_ratio_fails_below() }}, false) as is_mismatched,
        {{ is_plan_reached(
            'calibrated', 'pooled.treated_contacts', 'pooled.control_contacts', 'checks.immature_contacts',
            'build.data_through_at',
        ) }} as is_plan_reached
    from calibrated
    inner join pooled on calibrated.experiment_id = pooled.experiment_id
    inner join checks on calibrated.experiment_id = checks.experiment_id
    cross join policies
    cross join {{ ref('build') }} as build
    left join credited
        on
            calibrated.experiment_id = credited.experiment_id
            and policies.attribution_policy = credited.attribution_policy
),

compared as (
    select
        *,
        compare_arms(false, treated, control, 1, tuned_at) as found,
        incremental_share(treated, credit, total_product, control) as part
    from paired
),

final as (
    select
        experiment_id,
        attribution_policy,
        {{ experiment_status('is_mismatched', 'found', 'is_plan_reached', 'false') }} as status,
        treated_contacts,
        credited_revenue,
        case when not is_mismatched then found.difference * treated_contacts end as incremental_revenue,
        case when not is_mismatched then found.difference_low * treated_contacts end as incremental_revenue_low,
        case when not is_mismatched then found.difference_high * treated_contacts end as incremental_revenue_high,
        case when not is_mismatched then part.share end as incremental_share,
        case when not is_mismatched then part.low end as incremental_share_low,
        case when not is_mismatched then part.high end as incremental_share_high
    from compared
)

select * from final
