-- One row a contact whose touches this batch may change: by the engagement of a message that is or was the
-- contact's own, or because the contact may convert for the first time, or no longer. Empty in a full refresh.
{% set reengaged = ref('int_messages_reengaged') %}
{% set messages = ref('int_messages_measured') %}
{% set reidentified = ref('int_conversions_reidentified') %}
{% set conversions = ref('int_conversions_identified') %}
with

{% if is_delta() -%}
-- Not references: the tables as this batch finds them.
earlier_touches as (
    select
        contact_id,
        message_id
    from {{ conversions.replace_path(identifier='int_touches') }}
),

earlier_conversions as (
    select *
    from {{ conversions.replace_path(database=target.database, schema='core', identifier='fct_conversions') }}
),

final as (
    select contact_id
    from {{ messages }}
    where
        message_id in (select reengaged.message_id from {{ reengaged }} as reengaged)
        and contact_id in (select conversions.contact_id from {{ conversions }} as conversions)
    union distinct
    select contact_id
    from earlier_touches
    where message_id in (select reengaged.message_id from {{ reengaged }} as reengaged)
    union distinct
    {%- for table in [conversions, 'earlier_conversions'] %}
    select contact_id
    from {{ table }}
    where
        contact_id is not null
        and (conversion_type, conversion_id) in (
            select
                reidentified.conversion_type,
                reidentified.conversion_id
            from {{ reidentified }} as reidentified
        )
    {{ 'union distinct' if not loop.last }}
    {%- endfor %}
)
{%- else -%}
final as (
    select cast(null as varchar) as contact_id
    where false
)
{%- endif %}

select * from final
