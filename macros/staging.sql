{# Casting and judging raw rows by the contract in models/staging/_sources.yml.

   Every macro returns an expression or a column list. source_row is the raw row: an alias where it is
   cast, and the same row as one value where the cast row is judged. A raw value is named by its column. #}


{# White space as Unicode has it, inside a class of characters. #}
{% macro white_space() -%}
    \s\x0b\x1c-\x1f\x{85}\p{Z}
{%- endmacro %}


{# A raw value as text: trimmed, blank is null. What begins and ends in a visible ASCII character, as
   nearly all does, has nothing to trim: seen twice as fast as a pattern is matched. #}
{% macro as_text(value) -%}
    {%- set blanks -%} ^[{{ white_space() }}\x{feff}]+|[{{ white_space() }}\x{feff}]+\z {%- endset -%}
    case
        when
            cast({{ value }} as string) between '!' and '~'
            and substr(cast({{ value }} as string), -1) between '!' and '~'
            then cast({{ value }} as string)
        else nullif({{ replace_matches('cast(' ~ value ~ ' as string)', blanks, '') }}, '')
    end
{%- endmacro %}


{# ISO-8601's rarer spellings (basic format, an hour alone, a comma, a small z) in the form that engines
   read. #}
{% macro extended_iso_8601(text) -%}
    {%- set basic -%} ^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2}.*)\z {%- endset -%}
    {%- set hour_alone -%} ^(.{10}T[0-9]{2})(Z|[+-].*)?\z {%- endset -%}
    {{ replace_matches(
        replace_matches("replace(upper(" ~ text ~ "), ',', '.')", basic, '<1>-<2>-<3>T<4>:<5>:<6>'), hour_alone, '<1>:00<2>'
    ) }}
{%- endmacro %}


{# A raw value as a decimal, null where it can't be cast. DuckDB would read 1_000 as a thousand. #}
{% macro as_decimal(column, data_type) -%}
    try_cast(replace({{ raw_text(column) }}, '_', '?') as {{ data_type }})
{%- endmacro %}


{# A raw value as a whole number, null where it isn't one: a cast alone would round. #}
{% macro as_whole_number(column, data_type) -%}
    case
        when {{ matches_whole(raw_text(column), '[+-]?[0-9]+([.]0*)?') }}
            then try_cast(split_part({{ raw_text(column) }}, '.', 1) as {{ data_type }})
    end
{%- endmacro %}


{# A raw value in the type that the contract gives its column, null where it can't be cast. #}
{% macro as_type(column, data_type) -%}
    {%- if data_type == 'varchar' -%}
        {{ raw_text(column) }}
    {%- elif data_type == 'timestamp' -%}
        {{ as_timestamp(column) }}
    {%- elif data_type.startswith('decimal') -%}
        {{ as_decimal(column, data_type) }}
    {%- elif data_type == 'bigint' -%}
        {{ as_whole_number(column, data_type) }}
    {%- else -%}
        {{ as_boolean(column) }}
    {%- endif -%}
{%- endmacro %}


{# One column of the contract, cast. Accepted values compare in lower case. #}
{% macro typed(column) -%}
    {%- if column.config.meta.get('accepted_values') -%}
        lower({{ raw_text(column.name) }})
    {%- else -%}
        {{ as_type(column.name, column.data_type) }}
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


{# A column of the contract that is null: blank, or not castable. #}
{% macro is_blank(column) -%}
    {%- if column.data_type == 'varchar' -%}
        {{ column.name }} is null
    {%- else -%}
        ({{ column.name }} is null and {{ raw_text(column.name) }} is null)
    {%- endif -%}
{%- endmacro %}


{# The one reason, the first that applies, why a cast raw row is quarantined; null where none does. #}
{% macro quarantine_reason(table) -%}
    {%- if execute -%}
    {%- set source = raw_source(table) -%}
    {%- set meta = source.config.meta -%}
    {%- set missing, unknown, invalid = [], [], [] -%}
    {%- for column in source.columns.values() -%}
        {%- set rules = column.config.meta -%}
        {%- if rules.get('is_key') -%}
            {%- do missing.append(is_blank(column)) -%}
        {%- endif -%}
        {%- if rules.get('accepted_values') -%}
            {%- set test = column.name ~ " not in ('" ~ rules.accepted_values | join("', '") ~ "')" -%}
            {%- do unknown.append(test if rules.get('is_nullable') else column.name ~ ' is null or ' ~ test) -%}
        {%- elif rules.get('reserved_prefix') -%}
            {%- do invalid.append(column.name ~ " like '" ~ rules.reserved_prefix ~ "%'") -%}
        {%- elif column.data_type != 'varchar' -%}
            {%- do invalid.append(
                '(' ~ column.name ~ ' is null and ' ~ raw_text(column.name) ~ ' is not null)'
            ) -%}
        {%- endif -%}
        {%- if rules.get('at_least') is not none -%}
            {%- do invalid.append(column.name ~ ' < ' ~ rules.at_least) -%}
        {%- endif -%}
        {%- if rules.get('at_most') is not none -%}
            {%- do invalid.append(column.name ~ ' > ' ~ rules.at_most) -%}
        {%- endif -%}
        {%- if rules.get('are_shares') -%}
            {%- do invalid.append('not ' ~ are_shares(column.name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if meta.get('one_of') -%}
        {%- do missing.append('coalesce(' ~ meta.one_of | join(', ') ~ ') is null') -%}
    {%- endif -%}
    case
        when {{ missing | join(' or ') }} then 'missing_key'
        {%- if unknown %}
        when {{ unknown | join(' or ') }} then '{{ 'unknown_event_type' if meta.kind == 'event' else 'unknown_value' }}'
        {%- endif %}
        {%- if meta.kind == 'event' %}
        when event_at is null or loaded_at is null then 'invalid_timestamp'
        when event_at < timestamp '2000-01-01' then 'invalid_timestamp'
        when event_at - interval 1 day > loaded_at then 'invalid_timestamp'
        {%- endif %}
        {%- if meta.get('paying_event_types') %}
        when event_type in ('{{ meta.paying_event_types | join("', '") }}') and not {{ is_amount('amount') }}
            then 'invalid_amount'
        when event_type in ('{{ meta.paying_event_types | join("', '") }}') and not {{ is_currency('currency') }}
            then 'invalid_currency'
        {%- endif %}
        {%- if invalid %}
        when {{ invalid | join(' or ') }} then 'invalid_value'
        {%- endif %}
    end
    {%- else -%}
    1
    {%- endif -%}
{%- endmacro %}


{# An amount of money: castable, not negative, at most two decimals (trailing zeros aside). #}
{% macro is_amount(column) -%}
    coalesce(
        {{ as_decimal(column, 'decimal(38, 18)') }} >= 0
        and {{ as_decimal(column, 'decimal(38, 18)') }} = {{ as_decimal(column, 'decimal(18, 2)') }}
        -- A cast rounds from the 19th decimal on.
        and not {{ matches(raw_text(column), '[.][0-9]{2}[0-9]*[1-9][0-9]*\\z') }},
        false
    )
{%- endmacro %}


{# A weight per arm, control=10,email=90: each has a name, and a weight of more than 0. #}
{% macro are_shares(text) -%}
    {%- set blank = '[' ~ white_space() ~ ']*' -%}
    {%- set name = '[^=,]*[^=,' ~ white_space() ~ '][^=,]*' -%}
    {%- set share = name ~ '=' ~ blank ~ '[0-9]{1,12}([.][0-9]{1,6})?' ~ blank -%}
    (
        {{ matches_whole(text, share ~ '(?:,' ~ share ~ ')*') }}
        and not {{ matches(text, '=' ~ blank ~ '0+([.]0+)?' ~ blank ~ '(?:,|\\z)') }}
    )
{%- endmacro %}


{# Three letters, in either case. #}
{% macro is_currency(text) -%}
    coalesce({{ matches_whole(text, '[A-Za-z]{3}') }}, false)
{%- endmacro %}


{# The whole raw row as JSON, where it is quarantined. #}
{% macro quarantined_raw_row() -%}
    case when quarantine_reason is not null then {{ as_json('source_row') }} end
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
{% macro row_status(rank='1') -%}
    case
        when quarantine_reason is not null then 'quarantined'
        when {{ rank }} > 1 then 'duplicate'
        else 'accepted'
    end
{%- endmacro %}


{# The raw rows of a table, cast and judged, with other columns of source_rows. #}
{% macro judged_rows(table, others='') %}
typed as {{ not_kept() }} (
    select
        {{ typed_columns(table) }},
        {{ raw_row_columns() }}
        {{- others }}
    from source_rows
),

reasoned as (
    select
        *,
        {{ quarantine_reason(table) }} as quarantine_reason
    from typed
),

judged as {{ not_kept() }} (
    select
        {{ contract_columns(table) }},
        quarantine_reason,
        {{ quarantined_raw_row() }} as raw_row
        {{- others }}
    from reasoned
),
{% endmacro %}


{# In a delta, the earlier rows of a staging table that have the identity of a row that has arrived: they are judged
   again together, and replaced (replaced_row). -- DuckDB only: rowid #}
{% macro earlier_rows(table) -%}
    {%- set key = key_list(raw_source(table).config.meta.identity) -%}
    union all
    select
        {{ contract_columns(table) }},
        quarantine_reason,
        raw_row,
        replaced_row
    from {{ rows_with_key(this, model, key, '(select ' ~ key ~ ' from judged)', rowid_as='replaced_row') }}
{%- endmacro %}


{# The hashes by which an increment finds rows, and the batch that the row was judged in. #}
{% macro bookkeeping_columns(table) -%}
    {%- for column in looked_up_by(table) %}
        {{ key_hash(column) }} as {{ column }}_hash,
    {%- endfor %}
        {{ batch().number }} as batch_number
{%- endmacro %}


{% macro looked_up_by(table) %}
    {% do return(raw_source(table).config.meta.get('looked_up_by', []) if execute else []) %}
{% endmacro %}


{# The names of a raw table's columns, in the order of the contract. #}
{% macro contract_columns(table) -%}
    {{ raw_source(table).columns.keys() | join(', ') if execute else '1' }}
{%- endmacro %}


{# A whole staging model of events: of the rows of one event the smallest is accepted, the others are duplicates.
   Few events have several rows, and to rank them alone costs a fifth of ranking all, and leaves the others about as
   they came, by time. In a delta any of them may have come before. #}
{% macro staged_events(table) -%}
with

repeated as (
    select event_id
    from (
        select {{ as_text('source_row.event_id') }} as event_id
        from {{ source('raw', table) }} as source_row
    ) as ids
    where event_id is not null
    group by event_id
    having count(*) > 1
),

source_rows as {{ not_kept() }} (
    select
        {{ raw_row(table) }},
        {% if is_delta() -%}
        true as is_repeated
        {%- else -%}
        coalesce({{ as_text('source_row.event_id') }}, '') in (select repeated.event_id from repeated) as is_repeated
        {%- endif %}
    from {{ source('raw', table) }} as source_row
),
{{ judged_rows(table, ', is_repeated') }}
ranked as (
    select
        {{ contract_columns(table) }},
        quarantine_reason,
        raw_row,
        {{- ' cast(null as bigint) as replaced_row,' if is_delta() }}
        1 as duplicate_rank
    from judged
    where not is_repeated
    union all
    select
        *,
        {{ duplicate_rank(table) }} as duplicate_rank
    from (
        select
            {{ contract_columns(table) }},
            quarantine_reason,
            raw_row
            {{- ', cast(null as bigint) as replaced_row' if is_delta() }}
        from judged
        where is_repeated
        {{ earlier_rows(table) if is_delta() }}
    ) as competing
),

final as (
    select
        {{ contract_columns(table) }},
        quarantine_reason,
        raw_row,
        {{- ' replaced_row,' if is_delta() }}
        {{ row_status('duplicate_rank') }} as row_status,
        {{ bookkeeping_columns(table) }}
    from ranked
)

select * from final
{%- endmacro %}


{# A whole staging model of entities: the rows of one entity are its history, of which the latest (is_latest,
   recency_rank 1) stands for it now. #}
{% macro staged_entities(table) -%}
with

source_rows as (
    select {{ raw_row(table) }}
    from {{ source('raw', table) }} as source_row
),
{{ judged_rows(table) }}
competing as (
    select
        *
        {%- if is_delta() %},
        cast(null as bigint) as replaced_row
    from judged
    {{ earlier_rows(table) }}
        {%- else %}
    from judged
        {%- endif %}
),

ranked as (
    select
        *,
        {{ recency_rank(table) }} as recency_rank
    from competing
),

final as (
    select
        *,
        {{ row_status() }} as row_status,
        quarantine_reason is null and recency_rank = 1 as is_latest,
        {{ bookkeeping_columns(table) }}
    from ranked
)

select * from final
{%- endmacro %}
