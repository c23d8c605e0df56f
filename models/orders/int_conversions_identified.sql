-- One row per conversion (an order, a goal), with the contact that it belongs to: the one that its contact_id is after
-- all merges; without a known one, the one that all contacts with its email are; without any such contact, the one that
-- messages to this email have made.
with

contacts as (
    select * from {{ ref('int_contacts_merged') }}
),

conversions as (
    select
        'order' as conversion_type,
        order_id as conversion_id,
        contact_id,
        email,
        channel,
        cast(null as string) as goal_name,
        currency,
        revenue,
        refunded,
        original_revenue,
        original_refunded,
        converted_at
    from {{ affected('int_orders_grouped', by="'order', order_id") }}
    union all
    select
        'goal' as conversion_type,
        event_id as conversion_id,
        contact_id,
        email,
        null as channel,
        goal_name,
        null as currency,
        null as revenue,
        null as refunded,
        null as original_revenue,
        null as original_refunded,
        event_at as converted_at
    from {{ affected('stg_goal_events', by="'goal', event_id") }}
    where row_status = 'accepted'
),

emails as (
    select * from {{ ref('int_emails_resolved') }}
),

contacts_from_email as (
    select * from {{ ref('int_contacts_from_email') }}
),

shared_emails as (
    select email
    from emails
    where contact_id is null and email in (select lower(conversions.email) from conversions)
),

-- Messages to a shared email that name no contact may have been to any of them.
sharing as (
    select
        lower(stg_contacts.email) as email,
        contacts.surviving_contact_id as contact_id
    from {{ ref('stg_contacts') }} as stg_contacts
    inner join contacts on stg_contacts.contact_id = contacts.contact_id
    where stg_contacts.is_latest
    union all
    select
        email,
        contact_id
    from contacts_from_email
),

candidates as (
    select
        email,
        {{ distinct_list('contact_id') }} as contact_ids
    from sharing
    where email in (select shared_emails.email from shared_emails)
    group by email
),

final as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        coalesce(
            contacts.surviving_contact_id,
            emails.contact_id,
            case when candidates.email is null then contacts_from_email.contact_id end
        ) as contact_id,
        conversions.email,
        conversions.channel,
        conversions.goal_name,
        conversions.currency,
        conversions.revenue,
        conversions.refunded,
        conversions.original_revenue,
        conversions.original_refunded,
        conversions.converted_at,
        contacts.contact_id is null and candidates.email is not null as is_ambiguous,
        -- Read only where it is ambiguous.
        candidates.contact_ids as candidate_contact_ids
    from conversions
    left join contacts on conversions.contact_id = contacts.contact_id
    left join emails on lower(conversions.email) = emails.email
    left join candidates on emails.email = candidates.email
    left join contacts_from_email on lower(conversions.email) = contacts_from_email.email
)

select * from final
