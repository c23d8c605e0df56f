{# Expressions that engines spell in their own way. #}

{# Of a CTE that several steps read: whether they read it again each, or a few rows are kept in memory. #}
{% macro not_kept() -%}
    {{ '' if is_delta() else 'not ' }}materialized
{%- endmacro %}
