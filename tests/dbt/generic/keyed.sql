{# A table has one row per key, and no null in what it requires (a key of one column is required too). It is one test
   per table, because a test costs dbt more than its query. #}
{% test keyed(model, key=[], required=[]) %}
    {%- set only = key[0] if key | length == 1 %}
    {%- if key %}
    select
        {%- if only %}
        case when {{ only }} is null then 'no {{ only }}' else 'several rows have the same {{ only }}' end as problem
        {%- else %}
        'several rows have the same {{ key | join(', ') }}' as problem
        {%- endif %}
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1 {{- ' or ' ~ only ~ ' is null' if only }}
    {%- endif %}
    {{- ' union all' if key and required }}
    {%- if required %}
    select 'no {{ required | join(' or no ') }}' as problem
    from {{ model }}
    where {{ required | join(' is null or ') }} is null
    {%- endif %}
{% endtest %}
