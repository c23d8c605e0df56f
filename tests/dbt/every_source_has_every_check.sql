-- email_diagnostics is the full grid: each source with each check.
with

checks as (
    select distinct check_name
    from {{ ref('diagnostics') }}
)

select
    email_sources.email_source_id,
    checks.check_name
from {{ ref('dim_email_sources') }} as email_sources
cross join checks
left join {{ ref('email_diagnostics') }} as diagnostics
    on email_sources.email_source_id = diagnostics.email_source_id and checks.check_name = diagnostics.check_name
where diagnostics.check_name is null
