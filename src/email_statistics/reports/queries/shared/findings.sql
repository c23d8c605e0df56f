-- One row per check of a source that isn't ok, the gravest first.
select
    check_name,
    status,
    message
from marts.email_diagnostics
where email_source_id = $id and status <> 'ok'
order by list_position(['fail', 'warn', 'info'], status), sort_order
