-- email_diagnostics is the full grid: each source with each check once.
with

sources as (
    select count(*) as expected_rows
    from {{ ref('dim_email_sources') }}
),

found as (
    select count(distinct (diagnostics.email_source_id, diagnostics.check_name)) as found_rows
    from {{ ref('email_diagnostics') }} as diagnostics
    inner join {{ ref('dim_email_sources') }} as email_sources
        on diagnostics.email_source_id = email_sources.email_source_id
)

select *
from sources
cross join found
where found.found_rows <> sources.expected_rows * {{ checks() | length }}
