-- One row a contact that survives all merges, as its latest row tells.
{{ config(
    materialized='incremental',
    unique_key='contact_id',
    meta={'affected_by': 'int_contacts_remerged'},
    pre_hook="{{ waits_for(['int_contacts_remerged']) }}{{ keep_earlier() }}"
) }}
with

contacts as (
    select *
    from {{ ref('stg_contacts') }}
    where is_latest and {{ is_affected(ref('stg_contacts'), 'contact_id') }}
),

merged as (
    select
        surviving_contact_id,
        count(*) - 1 as merged_contacts
    from {{ ref('int_contacts_merged') }}
    where {{ is_affected(ref('int_contacts_merged'), 'surviving_contact_id', 'contact_id') }}
    group by surviving_contact_id
),

final as (
    select
        contacts.contact_id,
        contacts.full_name,
        contacts.email,
        merged.merged_contacts,
        coalesce(contacts.is_do_not_disturb, false) as is_do_not_disturb,
        contacts.created_at,
        contacts.updated_at
    from contacts
    inner join merged on contacts.contact_id = merged.surviving_contact_id
)

select * from final
