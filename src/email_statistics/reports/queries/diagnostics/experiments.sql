-- One row per reason why an experiment can't be read, or not yet, the worst first.
with

findings as (
    select
        experiment_id,
        check_name,
        status,
        message
    from marts.experiment_checks
    where status in ('fail', 'warn')
    union all
    select
        experiment_id,
        'too_early' as check_name,
        'info' as status,
        'It is too early to name a winner: let it run as planned.' as message
    from marts.experiment_results
    where is_primary
    group by experiment_id
    having bool_or(status = 'too_early')
)

select
    experiments.experiment_id,
    coalesce(experiments.experiment_name, experiments.experiment_id) as experiment_name,
    findings.check_name,
    findings.status,
    findings.message
from findings
inner join core.dim_experiments as experiments on findings.experiment_id = experiments.experiment_id
order by list_position(['fail', 'warn', 'info'], findings.status), experiment_name, findings.check_name
