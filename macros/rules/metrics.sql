{# What is formed from the metrics, the list in dbt_project.yml: sums, rates and averages. #}

{# The names of the metrics that add up, in order; only those that must be measured, where so asked. #}
{% macro additive_metric_names(only_measured=false) %}
    {% set names = [] %}
    {% for name, metric in var('metrics').items() %}
        {% if metric.kind in ('count', 'money') and (metric.get('family') or not only_measured) %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{# The metrics of a relation that add up; only those that must be measured, where so asked. #}
{% macro additive_metrics(relation, only_measured=false) -%}
    {%- for name in additive_metric_names(only_measured) %}
        {{ relation }}.{{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Each of them, summed: NULL where none of the rows was measured. #}
{% macro summed_metrics(relation) -%}
    {%- for name in additive_metric_names() %}
        {%- set sum = 'sum(' ~ relation ~ '.' ~ name ~ ')' %}
        {{ cents(sum) if var('metrics')[name].kind == 'money' else 'cast(' ~ sum ~ ' as bigint)' }}
            as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The one form of a rate or an average: a double, never rounded; NULL when the denominator is 0 or
   NULL, or the numerator isn't measured. #}
{% macro rate(numerator, denominator) -%}
    case when {{ denominator }} > 0 then cast({{ numerator }} as double) / cast({{ denominator }} as double) end
{%- endmacro %}


{# Every rate and average of a relation that has the additive metrics; only those that must be measured,
   where so asked. #}
{% macro rates(relation, only_measured=false) -%}
    {%- set rates = [] -%}
    {%- for name, metric in var('metrics').items() %}
        {%- if metric.get('denominator') and (metric.get('family') or not only_measured) %}
            {%- do rates.append(
                rate(relation ~ '.' ~ metric.numerator, relation ~ '.' ~ metric.denominator) ~ ' as ' ~ name
            ) %}
        {%- endif %}
    {%- endfor %}
    {{ rates | join(',\n    ') }}
{%- endmacro %}
