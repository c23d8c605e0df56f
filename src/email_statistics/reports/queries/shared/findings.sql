-- One row per check of a source that isn't ok, the gravest first. What its own page says anyway is left out:
-- how it was sent, and of one that wasn't sent yet that there is nothing to judge.
select
    check_name,
    status,
    message
from marts.email_diagnostics
where
    email_source_id = $id
    and status <> 'ok'
    and not (status = 'info' and (check_name = 'how_it_was_sent' or finding in ('nothing_sent', 'not_a_campaign')))
order by list_position(['fail', 'warn', 'info'], status), sort_order
