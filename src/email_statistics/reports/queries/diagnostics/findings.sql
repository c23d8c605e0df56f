-- One row per email source and check with this status: of sources with messages booked in the period, which
-- come first, or with none at all, such as drafts. Failing checks are those of every source.
with

booked as (
    select
        email_source_id,
        max(booked_date) as last_booked_date,
        bool_or(booked_date between $start and $end) as is_in_period
    from marts.email_performance_daily
    group by email_source_id
)

select
    diagnostics.email_source_id,
    sources.email_source_type,
    coalesce(sources.email_source_name, sources.email_source_id) as email_source_name,
    diagnostics.check_name,
    diagnostics.status,
    diagnostics.message,
    diagnostics.affected,
    diagnostics.sort_order,
    coalesce(booked.is_in_period, true) as is_in_period,
    booked.last_booked_date
from marts.email_diagnostics as diagnostics
inner join core.dim_email_sources as sources on diagnostics.email_source_id = sources.email_source_id
left join booked on diagnostics.email_source_id = booked.email_source_id
where diagnostics.status = $status and (coalesce(booked.is_in_period, true) or diagnostics.status = 'fail')
order by
    coalesce(booked.is_in_period, true) desc,
    diagnostics.sort_order asc,
    diagnostics.affected desc,
    diagnostics.email_source_id asc
