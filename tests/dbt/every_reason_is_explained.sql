-- Every reason that a table gives is a row of dim_reasons.
with

given as (
    select
        'exclusion' as kind,
        exclusion_reason as reason
    from {{ ref('fct_engagement_events') }}
    union
    select
        'exclusion' as kind,
        exclusion_reason as reason
    from {{ ref('dim_links') }}
    union
    select
        'quarantine' as kind,
        reason
    from {{ ref('fct_quarantined_events') }}
    union
    select
        'unattributed' as kind,
        unattributed_reason as reason
    from {{ ref('fct_unattributed_conversions') }}
    union
    select
        'unattributed' as kind,
        unattributed_reason as reason
    from {{ ref('fct_conversions') }}
    union
    select
        'ledger' as kind,
        reason
    from {{ ref('fct_attribution_touches') }}
    {%- for family in families() %}
    union
    select
        '{{ family }}' as kind,
        {{ family }}_availability as reason
    from {{ ref('email_performance') }}
    where {{ family }}_availability not in ('measured', 'partly_measured')
    {%- endfor %}
)

select
    given.kind,
    given.reason
from given
left join {{ ref('dim_reasons') }} as reasons on given.kind = reasons.kind and given.reason = reasons.reason
where given.reason is not null and reasons.reason is null
