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


{# One column per activity, summed. #}
{% macro summed_activities() -%}
    {%- for activity in activities() %}
        sum({{ activity }}) as {{ activity }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Whether a source's hours differ from its totals in an activity; NULL equals NULL, and a source in
   which nothing happened (all skipped, say) has no hours. #}
{% macro activities_differ(hours, totals) -%}
    {%- for activity in activities() %}
    case
        when {{ hours }}.email_source_id is null then coalesce({{ totals }}.{{ activity }}, 0) <> 0
        else {{ hours }}.{{ activity }} is distinct from {{ totals }}.{{ activity }}
    end
    {{ 'or' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
