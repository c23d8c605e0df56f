{# Fails for each row where not exactly one of these flags is true; NULL is not true. #}
{% test exactly_one_is_true(model, columns) %}
select *
from {{ model }}
where
    {% for column in columns -%}
    case when {{ column }} then 1 else 0 end {{ '+ ' if not loop.last }}
    {%- endfor %} <> 1
{% endtest %}
