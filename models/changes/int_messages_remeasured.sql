-- One row a message whose facts this batch may change: by its send events, by what became known of its contact
-- or its source, or by its domain's settings. Empty in a full refresh.
{% set resent = ref('int_messages_resent') %}
{% set messages = ref('int_messages_grouped') %}
{% set contacts = ref('int_contacts_merged') %}
{% set email_sources = ref('dim_email_sources') %}
{% set sending_domains = ref('dim_sending_domains') %}
with

{% if is_delta() -%}
changed_contacts as (
    select contact_id
    from {{ changed(contacts, ['contact_id', 'surviving_contact_id']) }}
),

changed_domains as (
    select sending_domain
    from
        {{ changed(sending_domains, [
            'sending_domain', 'sending_service', 'is_dedicated', 'is_open_tracking_enabled',
            'is_click_tracking_enabled', 'is_first', 'valid_from', 'valid_to',
        ]) }}
),

changed_sources as (
    select email_source_id
    from
        {{ changed(email_sources, [
            'email_source_id', 'email_source_type', 'campaign_kind', 'sending_domain', 'has_product_element',
            'is_click_tracking_enabled',
        ]) }}
    union distinct
    select email_source_id
    from {{ email_sources }}
    where sending_domain in (select changed_domains.sending_domain from changed_domains)
),

final as (
    select message_id
    from {{ resent }}
    union distinct
    select message_id
    from {{ messages }}
    where recipient_contact_id in (select changed_contacts.contact_id from changed_contacts)
    union distinct
    select message_id
    from {{ messages }}
    where email_source_id in (select changed_sources.email_source_id from changed_sources)
)
{%- else -%}
final as (
    select cast(null as varchar) as message_id
    where false
)
{%- endif %}

select * from final
