{# What a message does in time: each of its own <activity>_at. #}
{% macro activities() %}
    {% do return(['sent', 'delivered', 'opened', 'clicked', 'replied', 'bounced', 'unsubscribed', 'complained']) %}
{% endmacro %}


{# One column per activity, from rows (activity, messages). #}
{% macro pivoted_activities() -%}
    {%- for activity in activities() %}
        cast(sum(messages) filter (where activity = '{{ activity }}') as bigint) as {{ activity }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# One column per activity: 0 where nothing happened, NULL where the source's total isn't measured. #}
{% macro measured_activities(hours, totals) -%}
    {%- for activity in activities() %}
        case when {{ totals }}.{{ activity }} is not null then coalesce({{ hours }}.{{ activity }}, 0) end
            as {{ activity }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
