{# Experiments: what is compared, how a comparison ends, and the checks that say whether it can be read. The statistics
   are in src/email_statistics/experiments/statistics.py, as functions of the engine. #}

{# What became of the email of an A/B test: a flag is_… of fct_experiment_contacts each. #}
{% macro experiment_message_outcomes() %}
    {% do return(['delivered', 'opened', 'human_opened', 'clicked', 'unsubscribed', 'complained']) %}
{% endmacro %}


{# Every metric by which arms are compared, and a contact's value of it in fct_experiment_contacts. #}
{% macro experiment_metrics() %}
    {% set metrics = {'revenue': 'revenue', 'orders': 'orders'} %}
    {% for name in ['ordered', 'converted'] + experiment_message_outcomes() %}
        {% do metrics.update({name: 'cast(is_' ~ name ~ ' as bigint)'}) %}
    {% endfor %}
    {% do return(metrics) %}
{% endmacro %}


{# A metric that is a contact's yes or no; the others are means. #}
{% macro is_proportion(metric) -%}
    {{ metric }} not in ('revenue', 'orders')
{%- endmacro %}


{# The metrics of which less is better. #}
{% macro is_better_lower(metric) -%}
    {{ metric }} in ('unsubscribed', 'complained')
{%- endmacro %}


{# Of so many contacts: how many, the total of a value, and that of its squares. They add up over arms. #}
{% macro sufficient_statistics(value, name) -%}
    count({{ value }}) as {{ name }}_contacts,
        cast(coalesce(sum({{ value }}), 0) as decimal(38, 2)) as {{ name }}_total,
        cast(coalesce(sum({{ product_of(value, value) }}), 0) as decimal(38, 4)) as {{ name }}_total_squared
{%- endmacro %}


{# Those of every metric, of rows of fct_experiment_contacts. #}
{% macro experiment_statistics() -%}
    {%- for metric, value in experiment_metrics().items() %}
        {{ sufficient_statistics(value, metric) }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The product of two amounts of money, or counts, exact: in 38 digits. #}
{% macro product_of(one, other) -%}
    cast({{ one }} as decimal(19, 2)) * cast({{ other }} as decimal(19, 2))
{%- endmacro %}


{# An arm, as the functions of statistics take it. #}
{% macro arm_of(relation, prefix='') -%}
    {{ struct_of({
        'contacts': relation ~ '.' ~ prefix ~ 'contacts', 'total': relation ~ '.' ~ prefix ~ 'total',
        'total_squared': relation ~ '.' ~ prefix ~ 'total_squared',
    }) }}
{%- endmacro %}


{# How many contacts the sequences are narrowest at: fixed before the data, never the contacts so far. #}
{% macro sequence_tuned_at(experiment) -%}
    coalesce(2 * {{ experiment }}.planned_contacts_per_arm, {{ var('sequence_tuned_at') }})
{%- endmacro %}


{# Whether an arm and the control have as many mature contacts as planned; where no number is planned, whether the
   experiment is over and nobody is immature. #}
{% macro is_plan_reached(experiment, mature_contacts, control_mature_contacts, immature_contacts, data_through_at) -%}
    case
        when {{ experiment }}.planned_contacts_per_arm is not null
            then
                least({{ mature_contacts }}, {{ control_mature_contacts }})
                >= {{ experiment }}.planned_contacts_per_arm
        else coalesce({{ experiment }}.ended_at <= {{ data_through_at }} and {{ immature_contacts }} = 0, false)
    end
{%- endmacro %}


{# How a comparison ends, the first that applies. There is no sequence where an arm has fewer than two mature contacts
   or neither has a variance. #}
{% macro experiment_status(is_mismatched, comparison, is_plan_reached, is_better_lower) -%}
    case
        when {{ is_mismatched }} then 'sample_ratio_mismatch'
        when {{ comparison }}.always_low is null then 'no_data'
        when not {{ is_plan_reached }} and 0 between {{ comparison }}.always_low and {{ comparison }}.always_high
            then 'too_early'
        when {{ comparison }}.always_low > 0 or ({{ is_plan_reached }} and {{ comparison }}.difference_low > 0)
            then case when {{ is_better_lower }} then 'worse' else 'better' end
        when {{ comparison }}.always_high < 0 or ({{ is_plan_reached }} and {{ comparison }}.difference_high < 0)
            then case when {{ is_better_lower }} then 'better' else 'worse' end
        else 'no_difference_found'
    end
{%- endmacro %}


{# The p below which contacts per arm don't match the plan, so that an experiment can't be read. #}
{% macro sample_ratio_fails_below() -%}
    0.001
{%- endmacro %}
