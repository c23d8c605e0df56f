-- One row per email source: how much its id is like the one that was asked for.
select
    email_source_id,
    email_source_type,
    jaro_winkler_similarity(email_source_id, $id) as similarity
from core.dim_email_sources
order by similarity desc, email_source_id asc
