-- One row per conversion (an order, a goal), with the contact that it belongs to: the one that its contact_id is after
-- all merges; without a known one, the one that all contacts with its email are.
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
    select
        lower(stg_contacts.email) as email,
        count(distinct contacts.surviving_contact_id) as surviving_contacts,
        min(contacts.surviving_contact_id) as surviving_contact_id,
        {{ distinct_list('contacts.surviving_contact_id') }} as candidate_contact_ids
    from {{ ref('stg_contacts') }} as stg_contacts
    inner join contacts on stg_contacts.contact_id = contacts.contact_id
    where
        stg_contacts.is_latest
        and lower(stg_contacts.email) in (select lower(conversions.email) from conversions)
    group by lower(stg_contacts.email)
),

final as (
    select
        conversions.conversion_type,
        conversions.conversion_id,
        coalesce(
            contacts.surviving_contact_id,
            case when emails.surviving_contacts = 1 then emails.surviving_contact_id end
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
        contacts.contact_id is null and coalesce(emails.surviving_contacts, 0) > 1 as is_ambiguous,
        -- Read only where it is ambiguous.
        emails.candidate_contact_ids
    from conversions
    left join contacts on conversions.contact_id = contacts.contact_id
    left join emails on lower(conversions.email) = emails.email
)

select * from final
