-- One row a contact that this batch tells something of, or that a merge concerns: what all other contacts are
-- stays as it is. Empty in a full refresh.
{% set contacts = ref('stg_contacts') %}
with

{% if is_delta() -%}
told as (
    select
        contact_id,
        merged_into_contact_id
    from {{ contacts }}
    where batch_number = {{ batch().number }} or (is_latest and merged_into_contact_id is not null)
),

final as (
    select contact_id
    from told
    where contact_id is not null
    union distinct
    select merged_into_contact_id as contact_id
    from told
    where merged_into_contact_id is not null
)
{%- else -%}
final as (
    select cast(null as varchar) as contact_id
    where false
)
{%- endif %}

select * from final
