-- One row a raw row of engagement_events, cast and judged: verdict accepted, duplicate or quarantined.
{{ config(unique_key='event_id') }}
with

typed as (
    select
        {{ typed_columns('engagement_events') }},
        source_row
    from {{ source('raw', 'engagement_events') }} as source_row
),

judged as (
    select
        * exclude (source_row),
        {{ quarantine_reason('engagement_events') }} as quarantine_reason,
        {{ quarantined_raw_row() }} as raw_row
    from typed
),

competing as (
    select * from judged
    {{ and_earlier_rows('judged') }}
),

ranked as (
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
