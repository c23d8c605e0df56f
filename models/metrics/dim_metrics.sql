-- One row per metric: what it is called, what it means, what a good value is. The list is in dbt_project.yml.
with

final as (
    {%- for name, metric in var('metrics').items() %}
    select
        '{{ name }}' as metric,
        {%- for column in [
            'label', 'definition', 'kind', 'numerator', 'denominator', 'unit', 'family', 'benchmark_direction',
        ] %}
        {{ quote_text(metric[column]) if column in metric else 'cast(null as string)' }} as {{ column }},
        {%- endfor %}
        cast({{ loop.index }} as bigint) as sort_order,
        cast({{ metric.get('benchmark', 'null') }} as double) as benchmark
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
