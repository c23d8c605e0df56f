-- One row per message whose facts this batch may change: by its own events, by what became known of its contact, its
-- address or its source, by its domain's settings, or by a link: with what its row in fct_messages said before.
with

contacts_changed as (
    select contact_id
    from {{ changed('int_contacts_merged', ['contact_id', 'surviving_contact_id']) }}
),

emails_changed as (
    select email
    from {{ changed('int_emails_resolved', ['email', 'contact_id']) }}
),

domains_changed as (
    select sending_domain
    from
        {{ changed('dim_sending_domains', [
            'sending_domain', 'sending_service', 'is_dedicated', 'is_open_tracking_enabled',
            'is_click_tracking_enabled', 'webhook_event_types', 'is_first', 'valid_from', 'valid_to',
        ]) }}
),

email_sources as (
    select * from {{ ref('int_email_sources_latest') }}
),

sources_changed as (
    select email_source_id
    from
        {{ changed('int_email_sources_latest', [
            'email_source_id', 'email_source_type', 'campaign_kind', 'sending_domain', 'has_product_element',
            'click_toggles', 'last_click_toggle',
        ]) }}
    union distinct
    select email_sources.email_source_id
    from email_sources
    inner join domains_changed on email_sources.sending_domain = domains_changed.sending_domain
),

links_changed as (
    select
        link_id,
        email_source_id,
        url
    from {{ changed('dim_links', ['link_id', 'email_source_id', 'url', 'link_type']) }}
),

-- Every message with a send event, known or orphaned.
messages as {{ not_kept() }} (
    select
        message_id,
        email_source_id,
        contact_id,
        recipient_contact_id,
        booked_date,
        first_send_event_at,
        case when not is_test then first_send_event_at end as sent_from
    from {{ before('fct_messages') }}
    union all
    select
        message_id,
        email_source_id,
        null as contact_id,
        recipient_contact_id,
        null as booked_date,
        null as first_send_event_at,
        null as sent_from
    from {{ before('int_messages_orphaned') }}
),

found_messages as (
    select message_id
    from {{ batch_rows('stg_send_events') }}
    where message_id is not null
    union distinct
    select message_id
    from {{ batch_rows('stg_engagement_events') }}
    where message_id is not null
    union distinct
    select message_id
    from messages
    where recipient_contact_id in (select contacts_changed.contact_id from contacts_changed)
    union distinct
    -- Orphans stay orphans, whoever has their address.
    select message_id
    from {{ before('fct_messages') }}
    where recipient_contact_id is null and lower(recipient_email) in (select emails_changed.email from emails_changed)
    union distinct
    select message_id
    from messages
    where email_source_id in (select sources_changed.email_source_id from sources_changed)
    union distinct
    -- Clicks that name a changed link, or whose URL is its source's.
    select message_id
    from {{ ref('stg_engagement_events') }}
    where
        event_type = 'clicked'
        and message_id is not null
        and link_id in (select links_changed.link_id from links_changed)
    union distinct
    select message_id
    from {{ before('fct_engagement_events') }}
    where
        event_type = 'clicked'
        and email_source_id in (select links_changed.email_source_id from links_changed)
        and (email_source_id, url) in (
            select
                links_changed.email_source_id,
                links_changed.url
            from links_changed
        )
),

-- A campaign's first send decides which of its Track Clicks settings holds, so where it moves all its messages change.
toggled_sources as (
    select
        email_sources.email_source_id,
        min(messages.sent_from) as sent_from
    from email_sources
    left join messages on email_sources.email_source_id = messages.email_source_id
    where email_sources.click_toggles > 1
    group by email_sources.email_source_id
),

-- What is known of the messages found.
earlier_messages as (
    select *
    from {{ before('fct_messages') }}
    where message_id in (select found_messages.message_id from found_messages)
),

toggled_messages as (
    select
        message_id,
        email_source_id,
        case when not is_test then first_send_event_at end as sent_from
    from earlier_messages
    where email_source_id in (select toggled_sources.email_source_id from toggled_sources)
    union all
    select
        message_id,
        email_source_id,
        null as sent_from
    from {{ before('int_messages_orphaned') }}
    where
        email_source_id in (select toggled_sources.email_source_id from toggled_sources)
        and message_id in (select found_messages.message_id from found_messages)
    union all
    select
        message_id,
        email_source_id,
        null as sent_from
    from {{ batch_rows('stg_send_events') }}
    where email_source_id in (select toggled_sources.email_source_id from toggled_sources)
),

-- Of these messages all send events, as they are now.
sends as (
    select
        message_id,
        min(event_at) as sent_from
    from {{ rows_of('stg_send_events', 'message_id', '(select toggled_messages.message_id from toggled_messages)') }}
    where row_status = 'accepted'
    group by message_id
),

-- It moves only by a message that was, or is now, sent no later.
restarted_sources as (
    select email_source_id
    from {{ batch_rows('stg_email_sources') }}
    union distinct
    select toggled_sources.email_source_id
    from toggled_sources
    inner join toggled_messages on toggled_sources.email_source_id = toggled_messages.email_source_id
    left join sends on toggled_messages.message_id = sends.message_id
    where
        toggled_sources.sent_from is null
        or least(toggled_messages.sent_from, sends.sent_from) <= toggled_sources.sent_from
),

-- Of these sources every message; an orphan has no row in fct_messages.
restarted_messages as (
    select
        message_id,
        case when first_send_event_at is not null then email_source_id end as email_source_id,
        contact_id,
        case when first_send_event_at is not null then recipient_contact_id end as recipient_contact_id,
        booked_date,
        first_send_event_at
    from messages
    where
        email_source_id in (select toggled_sources.email_source_id from toggled_sources)
        and email_source_id in (select restarted_sources.email_source_id from restarted_sources)
),

final as (
    select
        found_messages.message_id,
        earlier_messages.email_source_id,
        earlier_messages.contact_id,
        earlier_messages.recipient_contact_id,
        earlier_messages.booked_date,
        earlier_messages.first_send_event_at
    from found_messages
    left join earlier_messages on found_messages.message_id = earlier_messages.message_id
    union distinct
    select * from restarted_messages
)

select * from final
