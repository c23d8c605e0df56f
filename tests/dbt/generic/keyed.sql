{# A table has one row per key, and no null in what it requires (a key of one column is required too). It is one test
   per table, because a test costs dbt more than its query. #}
{% test keyed(model, key=[], required=[]) %}
    {%- set required = required + (key if key | length == 1 else []) -%}
    {%- if key %}
    select 'several rows have the same {{ key | join(', ') }}' as problem
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
    {%- endif %}
    {{- ' union all' if key and required }}
    {%- if required %}
    select 'no {{ required | join(' or no ') }}' as problem
    from {{ model }}
    where {{ required | join(' is null or ') }} is null
    {%- endif %}
{% endtest %}
