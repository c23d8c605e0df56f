-- One row a conversion that this batch may change, or whose contact: by its events, by a rate from before it, or
-- by a contact that it names or whose e-mail it bears. Empty in a full refresh.
{% set order_events = ref('stg_order_events') %}
{% set goal_events = ref('stg_goal_events') %}
{% set exchange_rates = ref('stg_exchange_rates') %}
{% set stg_contacts = ref('stg_contacts') %}
{% set contacts = ref('int_contacts_merged') %}
with

{% if is_delta() -%}
-- The reporting currency's own rate is 1, whatever a row says.
changed_rates as (
    select
        upper(currency) as currency,
        min(valid_from) as valid_from
    from {{ exchange_rates }}
    where batch_number = {{ batch().number }} and upper(currency) <> '{{ var('reporting_currency') }}'
    group by upper(currency)
),

changed_contacts as (
    select contact_id
    from {{ changed(contacts, ['contact_id', 'surviving_contact_id']) }}
),

-- An e-mail identifies by all contacts that bear it, and those of the batch bore.
changed_emails as (
    select lower(email) as email
    from {{ stg_contacts }}
    where
        batch_number = {{ batch().number }}
        or contact_id in (select changed_contacts.contact_id from changed_contacts)
),

-- Not a reference: the table as this batch finds it.
earlier_orders as (
    select *
    from {{ contacts.replace_path(identifier='int_orders_grouped') }}
),

orders as (
    select order_id
    from {{ order_events }}
    where batch_number = {{ batch().number }} and order_id is not null
    union distinct
    select order_id
    from earlier_orders
    where
        contact_id in (select changed_contacts.contact_id from changed_contacts)
        or lower(email) in (select changed_emails.email from changed_emails)
    union distinct
    select order_events.order_id
    from {{ order_events }} as order_events
    inner join changed_rates on upper(order_events.currency) = changed_rates.currency
    inner join earlier_orders
        on
            order_events.order_id = earlier_orders.order_id
            and earlier_orders.converted_at >= changed_rates.valid_from
),

goals as (
    select distinct event_id
    from {{ goal_events }}
    where
        event_id is not null
        and (
            batch_number = {{ batch().number }}
            or contact_id in (select changed_contacts.contact_id from changed_contacts)
            or lower(email) in (select changed_emails.email from changed_emails)
        )
),

final as (
    select
        'order' as conversion_type,
        order_id as conversion_id,
        order_id
    from orders
    union all
    select
        'goal' as conversion_type,
        event_id as conversion_id,
        null as order_id
    from goals
)
{%- else -%}
final as (
    select
        cast(null as varchar) as conversion_type,
        cast(null as varchar) as conversion_id,
        cast(null as varchar) as order_id
    where false
)
{%- endif %}

select * from final
