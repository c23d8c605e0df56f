-- One row per check of an experiment, the worst first.
select
    check_name,
    status,
    message
from marts.experiment_checks
where experiment_id = $id
order by list_position(['fail', 'warn', 'info', 'ok'], status), check_name
