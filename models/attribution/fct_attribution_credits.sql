-- One row per conversion, an attribution policy and a message that it credits. Money adds up over the
-- messages of one policy, to the cent, unless the policy is over-crediting; never over policies.
{% set each_policy = 'conversion_type, conversion_id, attribution_policy' %}
with

policies as (
    select * from {{ ref('dim_attribution_policies') }}
),

conversions as (
    select *
    from {{ affected('int_conversions_identified') }}
),

considered as (
    select *
    from {{ affected('int_touches_considered') }}
),

-- A message stands once, with the first and the last of its touches.
touched as (
    select
        considered.conversion_type,
        considered.conversion_id,
        policies.attribution_policy,
        considered.message_id,
        any_value(considered.email_source_id) as email_source_id,
        any_value(policies.credit_rule) as credit_rule,
        any_value(policies.is_over_crediting) as is_over_crediting,
        min(considered.touch_number) as first_place,
        max({{ credit_order('considered', 'policies') }}) as last_place,
        min_by({{ touched('considered') }}, considered.touch_number) as first_touch,
        max_by({{ touched('considered') }}, {{ credit_order('considered', 'policies') }}) as last_touch
    from considered
    inner join policies
        on
            {{ can_earn_credit('considered', 'policies') }}
            and {{ is_within_window('considered', 'considered.converted_at', 'policies') }}
    group by
        considered.conversion_type, considered.conversion_id, policies.attribution_policy, considered.message_id
),

placed as (
    select
        *,
        count(*) over (partition by {{ each_policy }}) as messages,
        row_number() over (partition by {{ each_policy }} order by first_place) = 1 as is_first,
        row_number() over (partition by {{ each_policy }} order by last_place desc) = 1 as is_last
    from touched
),

weighed as (
    select
        *,
        {{ credit_weight('credit_rule', 'messages', 'is_first', 'is_last') }} as weight
    from placed
),

shared as (
    select
        *,
        case
            when not is_over_crediting then cast(sum(weight) over (partition by {{ each_policy }}) as bigint)
            else 1
        end as total_weight
    from weighed
    where weight > 0
),

-- Rounding differences go to the last touch.
credited as (
    select
        shared.*,
        {%- for measure in ['revenue', 'refunded', 'original_revenue', 'original_refunded'] %}
        {{ cents_of_share('conversions.' ~ measure, 'shared.weight', 'shared.total_weight') }} as {{ measure }},
        case
            when shared.is_last and not shared.is_over_crediting
                then
                    {{ in_cents('conversions.' ~ measure) }}
                    - sum({{ cents_of_share('conversions.' ~ measure, 'shared.weight', 'shared.total_weight') }})
                        over (partition by shared.conversion_type, shared.conversion_id, shared.attribution_policy)
            else 0
        end as {{ measure }}_left,
        {%- endfor %}
        conversions.contact_id,
        conversions.converted_at
    from shared
    inner join conversions
        on shared.conversion_type = conversions.conversion_type and shared.conversion_id = conversions.conversion_id
),

summed as (
    select
        conversion_type,
        conversion_id,
        attribution_policy,
        message_id,
        email_source_id,
        contact_id,
        credit_rule,
        first_touch,
        last_touch,
        weight,
        total_weight,
        is_over_crediting,
        {%- for measure in ['revenue', 'refunded', 'original_revenue', 'original_refunded'] %}
        {{ from_cents(measure ~ ' + ' ~ measure ~ '_left') }} as {{ measure }},
        {%- endfor %}
        converted_at
    from credited
),

final as (
    select
        conversion_type,
        conversion_id,
        attribution_policy,
        message_id,
        email_source_id,
        contact_id,
        case credit_rule when 'first' then first_touch.touch_type else last_touch.touch_type end as touch_type,
        revenue,
        refunded,
        cast(revenue - refunded as decimal(18, 2)) as net_revenue,
        original_revenue,
        original_refunded,
        cast(original_revenue - original_refunded as decimal(18, 2)) as original_net_revenue,
        -- The word for it, though SQL has another use of it.
        cast(weight as double) / total_weight as share, -- noqa: RF04
        is_over_crediting,
        converted_at,
        case credit_rule when 'first' then first_touch.touch_at else last_touch.touch_at end as touch_at
    from summed
)

select * from final
