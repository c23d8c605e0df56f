{# Numbers and lists as text: each engine has functions of its own for them. #}

{# 2000 as 2,000. #}
{% macro number_in_words(number) -%}
    {{ adapter.dispatch('number_in_words')(number) }}
{%- endmacro %}

{% macro duckdb__number_in_words(number) -%}
    format('{:,}', {{ number }})
{%- endmacro %}


{# 1234.5 as 1,234.50. #}
{% macro amount_in_words(amount) -%}
    {{ adapter.dispatch('amount_in_words')(amount) }}
{%- endmacro %}

{% macro duckdb__amount_in_words(amount) -%}
    format('{:,.2f}', cast({{ amount }} as double))
{%- endmacro %}


{# A fraction as a percentage with two decimals at most: 0.125 as 12.5%. #}
{% macro percentage_in_words(fraction) -%}
    {{ adapter.dispatch('percentage_in_words')(fraction) }}
{%- endmacro %}

{% macro duckdb__percentage_in_words(fraction) -%}
    format('{:g}%', round(100 * cast({{ fraction }} as double), 2))
{%- endmacro %}


{# The texts of a group, joined in this order. #}
{% macro joined_texts(text, order, separator=', ') -%}
    {{ adapter.dispatch('joined_texts')(text, order, separator) }}
{%- endmacro %}

{% macro duckdb__joined_texts(text, order, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}


{# A label as it stands within a sentence: its first letter small. #}
{% macro begun_small(label) -%}
    lower(substr({{ label }}, 1, 1)) || substr({{ label }}, 2)
{%- endmacro %}
