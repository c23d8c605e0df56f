-- One row a conversion (an order, a goal) and the contact that it belongs to: the one that its
-- contact_id is after all merges; without a known one, the one that all contacts bearing its e-mail are.
{{ config(
    materialized='incremental',
    unique_key=['conversion_type', 'conversion_id'],
    meta={'affected_by': 'int_conversions_reidentified'},
    pre_hook="{{ waits_for(['int_conversions_reidentified']) }}"
) }}
with

contacts as (
    select * from {{ ref('int_contacts_merged') }}
),

all_conversions as (
    select
        'order' as conversion_type,
        order_id as conversion_id,
        contact_id,
        email,
        channel,
        cast(null as varchar) as goal_name,
        currency,
        revenue,
        refunded,
        original_revenue,
        original_refunded,
        converted_at
    from {{ ref('int_orders_grouped') }}
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
    from {{ ref('stg_goal_events') }}
    where verdict = 'accepted'
),

conversions as (
    select *
    from all_conversions
    where {{ has_affected_key('conversion_type, conversion_id') }}
),

emails as (
    select
        lower(stg_contacts.email) as email,
        count(distinct contacts.surviving_contact_id) as surviving_contacts,
        min(contacts.surviving_contact_id) as surviving_contact_id,
        array_agg(distinct contacts.surviving_contact_id) as candidate_contact_ids -- DuckDB only: lists
    from {{ ref('stg_contacts') }} as stg_contacts
    inner join contacts on stg_contacts.contact_id = contacts.contact_id
    where
        stg_contacts.is_latest
        and lower(stg_contacts.email) in (select lower(conversions.email) from conversions)
    group by lower(stg_contacts.email)
),

final as (
    select
        conversions.* replace (
            coalesce(
                contacts.surviving_contact_id,
                case when emails.surviving_contacts = 1 then emails.surviving_contact_id end
            ) as contact_id
        ),
        contacts.contact_id is null and coalesce(emails.surviving_contacts, 0) > 1 as is_ambiguous,
        -- Read only where it is ambiguous.
        emails.candidate_contact_ids
    from conversions
    left join contacts on conversions.contact_id = contacts.contact_id
    left join emails on lower(conversions.email) = emails.email
)

select * from final
