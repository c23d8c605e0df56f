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
