{# A sum of money in cents, rounded half up; 0 where there is nothing to sum. A sum beyond 16 digits is
   unknown (NULL) rather than the end of the build. #}
{% macro cents(amount) -%}
    try_cast(round(coalesce({{ amount }}, 0), 2) as decimal(18, 2))
{%- endmacro %}


{# The digits of a decimal as an integer, the point left out. #}
{% macro digits_of(amount) -%}
    cast(replace(cast({{ amount }} as string), '.', '') as {{ big_integer() }})
{%- endmacro %}


{# A sum of the reporting currency, decimal(38, 14), in a currency of this rate, decimal(20, 12): in
   cents, rounded half up, exact. Decimals don't divide exactly, so it is a quotient of integers:
   twelve of the sum's digits are the rate's, two are the cents. A sum beyond 16 digits is unknown. #}
{% macro converted_back(amount, rate) -%}
    case
        when {{ amount }} < 10000000000000000 then
            cast(
                {{ whole_quotient('2 * ' ~ digits_of(amount) ~ ' + ' ~ digits_of(rate), '2 * ' ~ digits_of(rate)) }} as decimal(20, 0)
            ) * cast(0.01 as decimal(3, 2))
    end
{%- endmacro %}


{# An amount of money as a whole number of cents. #}
{% macro in_cents(amount) -%}
    cast({{ amount }} * 100 as {{ big_integer() }})
{%- endmacro %}


{# A whole number of cents as an amount of money. #}
{% macro from_cents(cents) -%}
    cast(cast({{ cents }} as decimal(20, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))
{%- endmacro %}


{# The whole cents of a part (so many of so many) of an amount; what is left over is the caller's. #}
{% macro cents_of_share(amount, part, parts) -%}
    {{ whole_quotient(in_cents(amount) ~ ' * ' ~ part, parts) }}
{%- endmacro %}
