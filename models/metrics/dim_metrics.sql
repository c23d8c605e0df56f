-- One row per metric: what it is called, what it means, what it is measured against. The list itself
-- is macros/metrics.sql.
with

final as (
    {%- for metric in metrics() %}
    select
        {{ quote_text(metric.metric) }} as metric,
        {{ quote_text(metric.label) }} as label,
        {{ quote_text(metric.definition) }} as definition,
        {{ quote_text(metric.kind) }} as kind,
        {{ quote_text(metric.numerator) if metric.numerator else 'cast(null as varchar)' }} as numerator,
        {{ quote_text(metric.denominator) if metric.denominator else 'cast(null as varchar)' }} as denominator,
        {{ quote_text(metric.unit) }} as unit,
        {{ quote_text(metric.family) if metric.family else 'cast(null as varchar)' }} as family,
        {{ quote_text(metric.benchmark_direction) if metric.benchmark_direction else 'cast(null as varchar)' }}
            as benchmark_direction,
        cast({{ loop.index }} as bigint) as sort_order,
        cast({{ metric.benchmark if metric.benchmark else 'null' }} as double) as benchmark
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
