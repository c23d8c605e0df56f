{# A sum of money in cents, rounded half up; 0 where there is nothing to sum. A sum beyond 16 digits is
   unknown (NULL) rather than the end of the build. #}
{% macro cents(amount) -%}
    try_cast(round(coalesce({{ amount }}, 0), 2) as decimal(18, 2))
{%- endmacro %}


{# An amount of the reporting currency in another one. There is no decimal division in DuckDB: this is
   the one place where money passes through a double, for an order paid in two currencies. #}
{% macro converted_back(amount, rate) -%}
    cast(cast({{ amount }} as double) / cast({{ rate }} as double) as decimal(38, 14))
{%- endmacro %}
