-- One row a source whose statistics this batch may change, by a message that is or was its own, or by what is
-- known of it. Empty in a full refresh.
{% set recounted = ref('int_messages_recounted') %}
{% set messages = ref('fct_messages') %}
{% set email_sources = ref('dim_email_sources') %}
with

{% if is_delta() -%}
final as (
    select email_source_id
    from {{ recounted }}
    where email_source_id is not null
    union distinct
    select messages.email_source_id
    from {{ messages }} as messages
    where messages.message_id in (select recounted.message_id from {{ recounted }} as recounted)
    union distinct
    select email_source_id
    from
        {{ changed(email_sources, [
            'email_source_id', 'email_source_type', 'email_source_name', 'workflow_name', 'campaign_kind', 'subject',
            'sending_domain',
        ]) }}
)
{%- else -%}
final as (
    select cast(null as varchar) as email_source_id
    where false
)
{%- endif %}

select * from final
