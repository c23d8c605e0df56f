-- One row: what the published tables were built from, and the settings in force.
select
    built_at,
    data_through_at,
    project_version,
    raw_lake,
    settings
from core.build
