-- One row a message whose source and contact are known: what is left out here is an orphan.
{{ config(materialized='view') }}
with

messages as (
    select * from {{ ref('int_messages_grouped') }}
),

contacts as (
    select * from {{ ref('int_contacts_merged') }}
),

email_sources as (
    select *
    from {{ ref('stg_email_sources') }}
    where is_latest
),

final as (
    select
        messages.*,
        contacts.surviving_contact_id as contact_id,
        email_sources.email_source_type,
        email_sources.campaign_kind,
        email_sources.sending_domain
    from messages
    inner join contacts on messages.recipient_contact_id = contacts.contact_id
    inner join email_sources on messages.email_source_id = email_sources.email_source_id
)

select * from final
