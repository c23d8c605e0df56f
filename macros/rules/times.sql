{# Days and hours of the reporting time zone. Times themselves are UTC everywhere. #}

{# A UTC time on the clocks of the reporting time zone. #}
{% macro reporting_time(utc) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        {{ utc }}
    {%- else -%}
        {{ on_clocks_of(utc, var('reporting_timezone')) }}
    {%- endif -%}
{%- endmacro %}


{# The day of the reporting time zone in which a UTC time falls. #}
{% macro reporting_date(utc) -%}
    cast({{ reporting_time(utc) }} as date)
{%- endmacro %}


{# The start, in UTC, of the hour of the reporting time zone in which a UTC time falls. Zones may
   differ from UTC by half and quarter hours. #}
{% macro reporting_hour(utc) -%}
    ({{ utc }} - ({{ reporting_time(utc) }} - date_trunc('hour', {{ reporting_time(utc) }})))
{%- endmacro %}


{# The Monday of the week of a day. #}
{% macro week_of(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}


{# So many hours, as people say it: 5 days, 1 day, 36 hours. #}
{% macro hours_in_words(hours) -%}
    case
        when {{ hours }} % 24 = 0 then {{ whole_quotient(hours, 24) }} || case when {{ hours }} = 24 then ' day' else ' days' end
        else {{ hours }} || case when {{ hours }} = 1 then ' hour' else ' hours' end
    end
{%- endmacro %}
