-- One row per message whose source and contact are known, its variant, and why it bounced, failed or was skipped: what
-- is left out here is an orphan. Where no send event names a contact, the address does.
with

messages as (
    select * from {{ affected('int_messages_grouped') }}
),

reasons as (
    select * from {{ affected('int_messages_reasoned') }}
),

variants as (
    select * from {{ affected('int_messages_varied') }}
),

contacts as (
    select * from {{ ref('int_contacts_merged') }}
),

emails as (
    select * from {{ ref('int_emails_resolved') }}
),

email_sources as (
    select * from {{ ref('int_email_sources_latest') }}
),

final as (
    select
        messages.*,
        reasons.hard_bounced_reason,
        reasons.soft_bounced_reason,
        reasons.failed_reason,
        reasons.skipped_reason,
        variants.variant,
        coalesce(variants.is_winner_rollout, false) as is_winner_rollout,
        coalesce(
            contacts.surviving_contact_id,
            emails.contact_id,
            {{ contact_from_email('lower(messages.recipient_email)') }}
        ) as contact_id,
        email_sources.email_source_type,
        email_sources.campaign_kind,
        email_sources.sending_domain
    from messages
    inner join email_sources on messages.email_source_id = email_sources.email_source_id
    left join contacts on messages.recipient_contact_id = contacts.contact_id
    left join emails
        on case when messages.recipient_contact_id is null then lower(messages.recipient_email) end = emails.email
    left join reasons on messages.message_id = reasons.message_id
    left join variants on messages.message_id = variants.message_id
    where contacts.contact_id is not null or messages.recipient_contact_id is null
)

select * from final
