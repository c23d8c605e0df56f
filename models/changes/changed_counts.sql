-- One row per source, contact and week of booking whose counts this batch may change: of each changed message before
-- and now, and of each source that is described differently, or whose links are.
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

final as (
    select
        email_source_id,
        contact_id,
        {{ week_of('booked_date') }} as week
    from messages
    union distinct
    select
        email_source_id,
        null as contact_id,
        null as week
    from
        {{ changed('dim_email_sources', [
            'email_source_id', 'email_source_type', 'email_source_name', 'workflow_name', 'campaign_kind', 'subject',
            'sending_domain',
        ]) }}
    union distinct
    select
        email_source_id,
        null as contact_id,
        null as week
    from
        {{ changed('dim_links', [
            'link_id', 'email_source_id', 'url', 'tagged_url', 'link_source', 'exclusion_reason',
        ]) }}
)

select * from final
