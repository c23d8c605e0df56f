-- One row per source, contact and day of booking whose counts this batch may change: of each changed message before and
-- now, of each source that may begin or cease to show statistics, and of each that is described differently, or whose
-- links are.
with

changed_facts as (
    select * from {{ ref('changed_message_facts') }}
),

messages as (
    select
        email_source_id,
        contact_id,
        booked_date
    from changed_facts
    where email_source_id is not null
    union distinct
    select
        email_source_id,
        contact_id,
        booked_date
    from {{ of_changed('fct_messages', 'message_id', 'changed_message_facts') }}
),

changed_sources as (
    select
        email_source_id,
        count(*) as messages
    from changed_facts
    group by email_source_id
),

-- A source shows statistics from the day on that one of its messages went out. It did, and does, where more of them
-- were out than have changed.
starting_sources as (
    select messages.email_source_id
    from messages
    left join {{ before('email_performance') }} as performance
        on messages.email_source_id = performance.email_source_id
    left join changed_sources on messages.email_source_id = changed_sources.email_source_id
    where
        coalesce(performance.total_attempts + performance.skipped, 0) <= coalesce(changed_sources.messages, 0)
),

changed as (
    select
        email_source_id,
        contact_id,
        booked_date
    from messages
    union distinct
    select
        email_source_id,
        null as contact_id,
        booked_date
    from {{ ref('fct_messages') }}
    where email_source_id in (select starting_sources.email_source_id from starting_sources)
    union distinct
    select
        email_source_id,
        null as contact_id,
        null as booked_date
    from
        {{ changed('dim_email_sources', [
            'email_source_id', 'email_source_type', 'email_source_name', 'workflow_name', 'campaign_kind', 'subject',
            'sending_domain',
        ]) }}
    union distinct
    select
        email_source_id,
        null as contact_id,
        null as booked_date
    from
        {{ changed('dim_links', [
            'link_id', 'email_source_id', 'url', 'tagged_url', 'link_source', 'exclusion_reason',
        ]) }}
),

final as (
    select
        email_source_id,
        contact_id,
        booked_date,
        {{ week_of('booked_date') }} as week
    from changed
)

select * from final
