-- The shares of a conversion are one, and all its money to the cent, by every policy; by one that is over-crediting
-- each credit is the whole conversion. In a delta the conversions of the batch are judged.
with

credits as (
    select *
    from {{ ref('fct_attribution_credits') }}
    where {{ is_changed('conversion_type, conversion_id', 'changed_attributions') }}
),

shared as (
    select
        conversion_type,
        conversion_id,
        attribution_policy,
        is_over_crediting,
        abs(sum(share) - 1) < 1e-9 as is_one,
        {{ summed_columns(credited_money()) }}
    from credits
    where not is_over_crediting
    group by conversion_type, conversion_id, attribution_policy, is_over_crediting
    union all
    select
        conversion_type,
        conversion_id,
        attribution_policy,
        is_over_crediting,
        share = 1 as is_one,
        revenue,
        refunded,
        net_revenue,
        original_revenue,
        original_refunded,
        original_net_revenue
    from credits
    where is_over_crediting
)

select shared.*
from shared
left join {{ ref('fct_conversions') }} as conversions
    on shared.conversion_type = conversions.conversion_type and shared.conversion_id = conversions.conversion_id
where
    not shared.is_one
    {%- for measure in credited_money() %}
    or shared.{{ measure }} is distinct from conversions.{{ measure }}
    {%- endfor %}
