{# What reconciliations (tests/dbt) have in common. #}

{# These columns, summed. #}
{% macro summed_columns(columns) -%}
    {%- for column in columns %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Whether two relations differ in one of these columns. Not measured and none are the same here: a group
   may be measured where one of its parts isn't. #}
{% macro columns_differ(one, other, columns) -%}
    {%- for column in columns %}
    coalesce({{ one }}.{{ column }}, 0) <> coalesce({{ other }}.{{ column }}, 0){{ ' or' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# What all orders came to that nobody is credited with, by reason, and those that somebody is. #}
{% macro accounted_for(relation, measure) -%}
    {{ relation }}.attributed_{{ measure }}
    {%- for reason in unattributed_reasons() %} + {{ relation }}.{{ reason }}_{{ measure }}{% endfor %}
{%- endmacro %}


{# The money of a credit. #}
{% macro credited_money() %}
    {% do return([
        'revenue', 'refunded', 'net_revenue', 'original_revenue', 'original_refunded', 'original_net_revenue',
    ]) %}
{% endmacro %}


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


{# One column per outcome: how many messages have it. #}
{% macro counted_outcomes() -%}
    {%- for outcome in outcomes() %}
        count_if(is_{{ outcome }}) as {{ outcome }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# One column per outcome, summed from rows of an outcome and its number of messages. #}
{% macro pivoted_outcomes() -%}
    {%- for outcome in outcomes() %}
        sum(messages) filter (where outcome = '{{ outcome }}') as {{ outcome }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
