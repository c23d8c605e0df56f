-- One row per load, outcome of its records and reason.
select * from {{ ref('fct_loads') }}
