-- One row per email source and per experiment, which pages are about; the most recent first.
with

experiments as (
    select
        experiment_id as id,
        'experiment' as type,
        coalesce(experiment_name, experiment_id) as name,
        coalesce(started_at, updated_at) as began_at
    from core.dim_experiments
),

subjects as (
    select * from $emails
    union all
    select * from experiments
)

select
    id,
    type,
    name
from subjects
order by began_at desc nulls last, id asc
