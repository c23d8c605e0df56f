-- One row per attribution policy: aesthetix, which is the settings, and those of the seed. Exactly one is active.
with

presets as (
    select * from {{ ref('attribution_policies') }}
),

policies as (
    select
        'aesthetix' as attribution_policy,
        'Aesthetix' as label,
        {{ settings_window_hours('opened') }} as opened_window_hours,
        {{ settings_window_hours('clicked') }} as clicked_window_hours,
        cast(null as integer) as delivered_window_hours,
        'touch' as anchor,
        false as click_outranks_open,
        '{{ var('attribution_source_types') | join(' ') }}' as source_types,
        '{{ var('attribution_style') }}' as style,
        {{ var('count_machine_engagement') }} as count_machines,
        'last' as credit_rule,
        'The settings of this build' as source_title,
        cast(null as string) as source_url,
        cast(null as string) as not_expressed
    union all
    select
        attribution_policy,
        label,
        opened_window_hours,
        clicked_window_hours,
        delivered_window_hours,
        anchor,
        click_outranks_open,
        source_types,
        style,
        count_machines,
        credit_rule,
        source_title,
        source_url,
        not_expressed
    from presets
),

final as (
    select
        attribution_policy,
        label,
        anchor,
        source_types,
        style,
        credit_rule,
        case
            when opened_window_hours = clicked_window_hours
                then {{ hours_in_words('clicked_window_hours') }} || ' after an open or click'
            else
                concat_ws(
                    ' or ',
                    {{ hours_in_words('opened_window_hours') }} || ' after an open',
                    {{ hours_in_words('clicked_window_hours') }} || ' after a click'
                )
        end
        || case
            when delivered_window_hours is null then ''
            when coalesce(opened_window_hours, clicked_window_hours) is null
                then {{ hours_in_words('delivered_window_hours') }} || ' after a delivery'
            else ' or ' || {{ hours_in_words('delivered_window_hours') }} || ' after a delivery'
        end
        || case anchor when 'send' then ', counted from its send' else '' end as window_in_words,
        source_title,
        source_url,
        not_expressed,
        opened_window_hours,
        clicked_window_hours,
        delivered_window_hours,
        attribution_policy = '{{ var('attribution_policy') }}' as is_active,
        credit_rule in {{ single_credit_rules() }} as is_single_credit,
        credit_rule = 'every_touched_email' as is_over_crediting,
        click_outranks_open,
        count_machines
    from policies
)

select * from final
