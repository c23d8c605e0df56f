{# From a contact that was merged to the one it was merged into, if both are known. #}
{% macro merge_pointers(contacts) -%}
    select
        merged.contact_id,
        merged.merged_into_contact_id
    from {{ contacts }} as merged
    inner join {{ contacts }} as targets on merged.merged_into_contact_id = targets.contact_id
    where merged.is_latest and targets.is_latest
{%- endmacro %}


{# What is counted of a contact's messages: metrics by name. #}
{% macro contact_metrics() %}
    {% do return([
        'sent', 'failed', 'skipped', 'delivered', 'soft_bounced', 'hard_bounced', 'opened', 'clicked', 'replied',
        'unsubscribed', 'complained', 'ordered', 'opens', 'clicks', 'conversions', 'orders', 'revenue', 'net_revenue',
    ]) %}
{% endmacro %}


{# One column per metric of a contact: 0 for a contact without messages, who has no row in the counted
   relation; NULL where a family is measured for none of the contact's messages. #}
{% macro contact_counts(counted) -%}
    {%- for metric in contact_metrics() %}
        case when {{ counted }}.contact_id is not null then {{ counted }}.{{ metric }} else 0 end
            as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Whether a time lies in the last so many days of the data: an exact interval of n x 24 hours. #}
{% macro is_in_last_days(happened_at, days, data_through_at) -%}
    ({{ happened_at }} >= {{ data_through_at }} - interval {{ days }} day)
{%- endmacro %}


{# A message by which its contact may be sunset: delivered recently, with opens or clicks measured. #}
{% macro is_sunset_evidence(message, data_through_at) -%}
    (
        {{ message }}.is_delivered
        and ({{ message }}.open_availability = 'measured' or {{ message }}.click_availability = 'measured')
        and {{ is_in_last_days(message ~ '.delivered_at', var('sunset_days'), data_through_at) }}
    )
{%- endmacro %}


{# A contact's messages by which it may be sunset, and those that it opened or clicked. #}
{% macro sunset_counts(messages, data_through_at) -%}
    count_if({{ is_sunset_evidence(messages, data_through_at) }}) as sunset_messages,
    count_if(
        {{ is_sunset_evidence(messages, data_through_at) }} and ({{ messages }}.is_opened or {{ messages }}.is_clicked)
    ) as sunset_engaged_messages
{%- endmacro %}


{# Whether these counts say so. #}
{% macro is_to_be_sunset(contact) -%}
    ({{ contact }}.sunset_messages >= {{ var('sunset_min_messages') }} and {{ contact }}.sunset_engaged_messages = 0)
{%- endmacro %}


{# Of the segments below: whether an open or click in the last days can decide, and whether deliveries in the last days can. #}
{% macro is_decided_by_engaged_days(segment) -%}
    {{ segment }} not in ('hygiene', 'unsubscribed')
{%- endmacro %}

{% macro is_decided_by_sunset_days(segment) -%}
    {{ segment }} not in ('hygiene', 'unsubscribed', 're_engagement')
{%- endmacro %}


{# The first segment that applies to a contact with contact_counts, last times and the counts of sunset
   evidence. #}
{% macro segment(contact, data_through_at) -%}
    case
        when {{ contact }}.hard_bounced > 0 or {{ contact }}.complained > 0 or {{ contact }}.failed > 0 then 'hygiene'
        when {{ contact }}.unsubscribed > 0 or {{ contact }}.is_do_not_disturb then 'unsubscribed'
        when
            {{ is_in_last_days(contact ~ '.last_opened_at', var('engaged_days'), data_through_at) }}
            or {{ is_in_last_days(contact ~ '.last_clicked_at', var('engaged_days'), data_through_at) }}
            then 're_engagement'
        when {{ is_to_be_sunset(contact) }} then 'sunset'
        else 'other'
    end
{%- endmacro %}


{# The contact of messages that name an address (in lower case) and no contact, unless the CRM has one with it. No
   delivered contact_id begins so (models/staging/_sources.yml). #}
{% macro contact_from_email(email) -%}
    ('email:' || {{ email }})
{%- endmacro %}


{# Whether a contact is known by an address alone. #}
{% macro is_from_email(contact_id) -%}
    {{ contact_id }} like 'email:%'
{%- endmacro %}


{# The address by which it is known. #}
{% macro email_of_contact(contact_id) -%}
    substr({{ contact_id }}, 7)
{%- endmacro %}
