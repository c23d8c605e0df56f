-- email_diagnostics is the full grid: each source with each check, once.
with

sources as (
    select count(*) as email_sources
    from {{ ref('dim_email_sources') }}
),

found as (
    select
        diagnostics.check_name,
        count(distinct diagnostics.email_source_id) as email_sources
    from {{ ref('email_diagnostics') }} as diagnostics
    inner join {{ ref('dim_email_sources') }} as email_sources
        on diagnostics.email_source_id = email_sources.email_source_id
    group by diagnostics.check_name
),

counted as (
    select
        count(*) as checks,
        min(email_sources) as least_sources
    from found
)

select
    sources.email_sources,
    counted.checks,
    counted.least_sources
from sources
cross join counted
where
    sources.email_sources > 0
    and (counted.checks <> {{ checks() | length }} or counted.least_sources is distinct from sources.email_sources)
