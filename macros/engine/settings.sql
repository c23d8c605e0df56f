{# The settings that the numbers depend on, as JSON. src/email_statistics/settings.py validates them. #}
{% macro settings_in_force() %}
    {% set settings = {} %}
    {% for name in [
        'reporting_timezone',
        'reporting_currency',
        'click_implies_open',
        'count_machine_engagement',
        'attribution_policy',
        'attribution_window_days',
        'attribution_touches',
        'attribution_source_types',
        'attribution_style',
        'utm_tracking_by_default',
        'engaged_days',
        'sunset_min_messages',
        'sunset_days',
        'diagnostics_min_messages',
        'sequence_tuned_at',
    ] %}
        {% do settings.update({name: var(name)}) %}
    {% endfor %}
    {% do return(tojson(settings)) %}
{% endmacro %}
