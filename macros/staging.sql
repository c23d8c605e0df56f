{# Casting and judging raw rows by the contract in models/staging/_sources.yml.

   Every macro returns an expression or a column list; {{ raw }} is the alias of the raw rows. #}


{# White space as Unicode knows it, and the byte order mark. #}
{% macro white_space() -%}
    ' \t\n\r\f\v\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
{%- endmacro %}


{# A raw value as text: trimmed, blank is null. Plain ASCII that needs no trimming takes the short
   way, five times faster. #}
{% macro as_text(value) -%}
    case
        when regexp_full_match(cast({{ value }} as varchar), '[!-~]([ -~]*[!-~])?') then cast({{ value }} as varchar)
        else nullif(trim(cast({{ value }} as varchar), e{{ white_space() }}), '')
    end
{%- endmacro %}


{# A raw value as a UTC timestamp: converted by its offset or zone where it has one, not cut; null
   where it can't be cast. -- DuckDB only: typeof() folds to a constant, so one branch is left;
   the session's TimeZone is UTC (profiles.yml), finer than microseconds is cut. #}
{% macro as_timestamp(value) -%}
    case
        when typeof({{ value }}) in ('TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP WITH TIME ZONE', 'DATE')
            then case when isfinite(try_cast({{ value }} as timestamp)) then try_cast({{ value }} as timestamp) end
        when isfinite(try_cast({{ as_text(value) }} as timestamp with time zone))
            then cast(try_cast({{ as_text(value) }} as timestamp with time zone) as timestamp)
    end
{%- endmacro %}


{# A raw value in the type that the contract gives its column, null where it can't be cast. #}
{% macro as_type(value, data_type) -%}
    {%- if data_type == 'varchar' -%}
        {{ as_text(value) }}
    {%- elif data_type == 'timestamp' -%}
        {{ as_timestamp(value) }}
    {%- else -%}
        try_cast({{ as_text(value) }} as {{ data_type }})
    {%- endif -%}
{%- endmacro %}


{# One column of the contract, cast. Accepted values compare in lower case. #}
{% macro typed(column) -%}
    {%- set value = 'raw.' ~ column.name -%}
    {%- if column.config.meta.get('accepted_values') -%}
        lower({{ as_text(value) }})
    {%- else -%}
        {{ as_type(value, column.data_type) }}
    {%- endif -%}
{%- endmacro %}


{# Every column of a raw table, cast, in the order of the contract. #}
{% macro typed_columns(table) -%}
    {%- if execute -%}
        {%- for column in raw_source(table).columns.values() %}
        {{ typed(column) }} as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor -%}
    {%- else -%}
        1
    {%- endif -%}
{%- endmacro %}


{# The one reason, the first that applies, why a raw row is quarantined; null where none does. #}
{% macro quarantine_reason(table) -%}
    {%- if execute -%}
    {%- set source = raw_source(table) -%}
    {%- set meta = source.config.meta -%}
    {%- set columns = source.columns.values() | list -%}
    {%- set missing, unknown, not_cast = [], [], [] -%}
    {%- for column in columns -%}
        {%- set rules = column.config.meta -%}
        {%- if rules.get('is_key') -%}
            {%- do missing.append(as_text('raw.' ~ column.name) ~ ' is null') -%}
        {%- endif -%}
        {%- if rules.get('accepted_values') -%}
            {%- set test = typed(column) ~ " not in ('" ~ rules.accepted_values | join("', '") ~ "')" -%}
            {%- if not rules.get('is_nullable') -%}
                {%- set test = '(' ~ typed(column) ~ ' is null or ' ~ test ~ ')' -%}
            {%- endif -%}
            {%- do unknown.append(test) -%}
        {%- elif column.data_type != 'varchar' -%}
            {%- do not_cast.append(
                '(' ~ typed(column) ~ ' is null and ' ~ as_text('raw.' ~ column.name) ~ ' is not null)'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set event_at, loaded_at = as_timestamp('raw.event_at'), as_timestamp('raw.loaded_at') -%}
    case
        when {{ missing | join(' or ') }} then 'missing_key'
        {%- if unknown %}
        when {{ unknown | join(' or ') }} then '{{ 'unknown_event_type' if meta.kind == 'event' else 'unknown_value' }}'
        {%- endif %}
        {%- if meta.kind == 'event' %}
        when {{ event_at }} is null or {{ loaded_at }} is null then 'invalid_timestamp'
        when {{ event_at }} < timestamp '2000-01-01' then 'invalid_timestamp'
        when {{ event_at }} - interval 1 day > {{ loaded_at }} then 'invalid_timestamp'
        {%- endif %}
        {%- if meta.get('paying_event_types') %}
        when lower({{ as_text('raw.event_type') }}) in ('{{ meta.paying_event_types | join("', '") }}') then
            case
                when not coalesce({{ is_amount('raw.amount') }}, false) then 'invalid_amount'
                when not coalesce({{ is_currency('raw.currency') }}, false) then 'invalid_currency'
            end
        {%- endif %}
        {%- if not_cast %}
        when {{ not_cast | join(' or ') }} then 'invalid_value'
        {%- endif %}
    end
    {%- else -%}
    1
    {%- endif -%}
{%- endmacro %}


{# An amount of money: castable, not negative, at most two decimals. #}
{% macro is_amount(value) -%}
    (
        try_cast({{ as_text(value) }} as decimal(38, 18)) >= 0
        and try_cast({{ as_text(value) }} as decimal(38, 18)) = try_cast({{ as_text(value) }} as decimal(18, 2))
    )
{%- endmacro %}


{# Three letters, in either case. #}
{% macro is_currency(value) -%}
    regexp_full_match({{ as_text(value) }}, '[A-Za-z]{3}')
{%- endmacro %}


{# The whole raw row as JSON, where it is quarantined. -- DuckDB only: a row as a struct #}
{% macro quarantined_raw_row() -%}
    case when quarantine_reason is not null then cast(to_json(raw) as varchar) end
{%- endmacro %}


{# The names of a raw table's columns, in the order of the contract, with a prefix and a direction. #}
{% macro contract_order(table, first, direction='') -%}
    {%- set names = first | list -%}
    {%- for column in raw_source(table).columns.values() if column.name not in names -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {%- for name in names %}{{ name }}{{ ' ' ~ direction if direction }} nulls last{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{# Which of the rows of one event this is: 1 is kept. Quarantined rows don't compete. #}
{% macro duplicate_rank(table) -%}
    {%- if execute -%}
    row_number() over (
        partition by event_id, quarantine_reason is null
        order by {{ contract_order(table, raw_source(table).config.meta.duplicate_order) }}
    )
    {%- else -%}
    1
    {%- endif -%}
{%- endmacro %}


{# How many rows of the same entity are later than this one, and one more: 1 is the latest. #}
{% macro recency_rank(table) -%}
    {%- if execute -%}
    row_number() over (
        partition by {{ raw_source(table).config.meta.identity | join(', ') }}, quarantine_reason is null
        order by {{ contract_order(table, ['updated_at', 'loaded_at'], 'desc') }}
    )
    {%- else -%}
    1
    {%- endif -%}
{%- endmacro %}


{# accepted, duplicate or quarantined: exactly one of the three. #}
{% macro verdict(rank='1') -%}
    case
        when quarantine_reason is not null then 'quarantined'
        when {{ rank }} > 1 then 'duplicate'
        else 'accepted'
    end
{%- endmacro %}
