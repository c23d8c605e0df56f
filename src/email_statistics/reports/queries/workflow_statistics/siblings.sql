-- One row per email action of the same workflow, itself too.
select siblings.email_source_id
from core.dim_email_sources as sources
inner join core.dim_email_sources as siblings
    on
        sources.email_source_type = siblings.email_source_type
        and (
            sources.email_source_id = siblings.email_source_id
            or sources.workflow_id = siblings.workflow_id
            or (
                sources.workflow_id is null
                and siblings.workflow_id is null
                and sources.workflow_name = siblings.workflow_name
            )
        )
where sources.email_source_id = $id
