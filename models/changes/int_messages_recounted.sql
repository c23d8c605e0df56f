-- One row a message whose row in fct_messages this batch may change, by its measurement, engagement or credit:
-- with what that row said before. Empty in a full refresh.
{% set reengaged = ref('int_messages_reengaged') %}
{% set conversions = ref('fct_conversions') %}
with

{% if is_delta() -%}
changed_credits as (
    select message_id
    from
        {{ changed(conversions, [
            'conversion_type', 'conversion_id', 'message_id', 'revenue', 'net_revenue', 'is_attributed', 'converted_at',
        ]) }}
    where is_attributed
),

affected as (
    select message_id
    from {{ reengaged }}
    union distinct
    select message_id
    from changed_credits
),

-- Not a reference: the table as this batch finds it.
earlier_messages as (
    select *
    from {{ conversions.replace_path(identifier='fct_messages') }}
),

final as (
    select
        affected.message_id,
        earlier_messages.email_source_id,
        earlier_messages.contact_id,
        earlier_messages.booked_date
    from affected
    left join earlier_messages on affected.message_id = earlier_messages.message_id
)
{%- else -%}
final as (
    select
        cast(null as varchar) as message_id,
        cast(null as varchar) as email_source_id,
        cast(null as varchar) as contact_id,
        cast(null as date) as booked_date
    where false
)
{%- endif %}

select * from final
