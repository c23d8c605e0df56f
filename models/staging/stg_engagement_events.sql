-- One row a raw row of engagement_events, cast and judged: verdict accepted, duplicate or quarantined.
{{ config(unique_key='event_id') }}
with

repeated as (
    select event_id
    from (
        select {{ as_text('source_row.event_id') }} as event_id
        from {{ source('raw', 'engagement_events') }} as source_row
    ) as ids
    where event_id is not null
    group by event_id
    having count(*) > 1
),

-- DuckDB only: read twice, for those with rivals and those without, rather than kept in memory.
source_rows as not materialized (
    select
        source_row,
        {{ may_have_rivals('repeated') }} as may_have_rivals
    from {{ source('raw', 'engagement_events') }} as source_row
),

typed as not materialized (
    select
        {{ typed_columns('engagement_events') }},
        source_row,
        may_have_rivals
    from source_rows
),

judged as not materialized (
    select
        * exclude (source_row),
        {{ quarantine_reason('engagement_events') }} as quarantine_reason,
        {{ quarantined_raw_row() }} as raw_row
    from typed
),

competing as (
    select * exclude (may_have_rivals)
    from judged
    where may_have_rivals
    {{ and_earlier_rows('judged') }}
),

ranked as (
    select
        * exclude (may_have_rivals),
        1 as duplicate_rank
    from judged
    where not may_have_rivals
    union all
    select
        *,
        {{ duplicate_rank('engagement_events') }} as duplicate_rank
    from competing
),

final as (
    select
        * exclude (duplicate_rank),
        {{ verdict('duplicate_rank') }} as verdict,
        {{ batch().number }} as batch_number
    from ranked
)

select * from final
