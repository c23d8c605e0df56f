{# A sum of money in cents, rounded half up; 0 where there is nothing to sum. #}
{% macro cents(amount) -%}
    cast(round(coalesce({{ amount }}, 0), 2) as decimal(18, 2))
{%- endmacro %}
