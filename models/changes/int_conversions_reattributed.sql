-- One row a conversion whose attribution this batch may change, with the contact that it belongs to now: one that
-- may itself have changed, or one of a contact whose touches may. Empty in a full refresh.
{% set reidentified = ref('int_conversions_reidentified') %}
{% set conversions = ref('int_conversions_identified') %}
{% set retouched = ref('int_contacts_retouched') %}
with

{% if is_delta() -%}
affected as (
    select
        conversion_type,
        conversion_id
    from {{ reidentified }}
    union distinct
    select
        conversion_type,
        conversion_id
    from {{ conversions }}
    where contact_id in (select retouched.contact_id from {{ retouched }} as retouched)
),

final as (
    select
        affected.conversion_type,
        affected.conversion_id,
        conversions.contact_id
    from affected
    left join {{ conversions }} as conversions
        on
            affected.conversion_type = conversions.conversion_type
            and affected.conversion_id = conversions.conversion_id
)
{%- else -%}
final as (
    select
        cast(null as varchar) as conversion_type,
        cast(null as varchar) as conversion_id,
        cast(null as varchar) as contact_id
    where false
)
{%- endif %}

select * from final
