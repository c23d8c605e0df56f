-- One row a source whose first send may have moved: by send events of this batch, or because the source or
-- one of its contacts became known. Empty in a full refresh.
{% set resent = ref('int_messages_resent') %}
{% set messages = ref('int_messages_grouped') %}
{% set contacts = ref('int_contacts_merged') %}
{% set email_sources = ref('stg_email_sources') %}
with

{% if is_delta() -%}
new_contacts as (
    select contact_id
    from {{ changed(contacts, ['contact_id']) }}
),

final as (
    select email_source_id
    from {{ resent }}
    where email_source_id is not null
    union distinct
    select messages.email_source_id
    from {{ messages }} as messages
    where messages.message_id in (select resent.message_id from {{ resent }} as resent)
    union distinct
    select messages.email_source_id
    from {{ messages }} as messages
    where messages.recipient_contact_id in (select new_contacts.contact_id from new_contacts)
    union distinct
    select email_source_id
    from {{ email_sources }}
    where batch_number = {{ batch().number }} and email_source_id is not null
)
{%- else -%}
final as (
    select cast(null as varchar) as email_source_id
    where false
)
{%- endif %}

select * from final
