{# DuckDB's spelling of macros/engine/dialect.sql. #}

{# In a delta the rows of changed keys are few, but for an email's messages, and so are those that a generic test looks at.
   What finds the keys, or is built whole, reads all rows in a delta too. #}
{% macro duckdb__not_kept() -%}
    {%- set reads_few = model.config.materialized in ('batch', 'by_key', 'test') and not model.config.meta.is_shared_key -%}
    {{ '' if is_delta() and reads_few else 'not ' }}materialized
{%- endmacro %}

{% macro duckdb__with_recursion() -%}with recursive{%- endmacro %}

{% macro duckdb__follow_pointers() -%}{%- endmacro %}

{# Not "union all": that would go round a cycle for ever. #}
{% macro duckdb__followed_contacts() -%}
    select
        contact_id,
        merged_into_contact_id as met_contact_id
    from pointers
    union
    select
        followed.contact_id,
        pointers.merged_into_contact_id as met_contact_id
    from followed
    inner join pointers on followed.met_contact_id = pointers.contact_id
{%- endmacro %}

{% macro duckdb__quote_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{% macro duckdb__key_hash(text) -%}
    cast(hash({{ text }}) & 4294967295 as uinteger)
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro duckdb__extracted(text, pattern, group) -%}
    regexp_extract({{ text }}, '{{ pattern }}', {{ group }}, 's')
{%- endmacro %}

{% macro duckdb__replace_matches(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace('<', '\\') | replace('>', '') }}', 'g')
{%- endmacro %}

{% macro duckdb__composed_text(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{% macro duckdb__struct_of(fields) -%}
    struct_pack({% for name, value in fields.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro duckdb__as_json(value) -%}
    cast(to_json({{ value }}) as string)
{%- endmacro %}

{% macro duckdb__sorted_list(fields, order_by) -%}
    list({{ struct_of(fields) }} order by {{ order_by | join(', ') }})
{%- endmacro %}

{% macro duckdb__distinct_list(value) -%}
    array_agg(distinct {{ value }})
{%- endmacro %}

{% macro duckdb__items_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro duckdb__text_parts(text, separator) -%}
    str_split({{ text }}, '{{ separator }}')
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    ({{ dividend }}) // ({{ divisor }})
{%- endmacro %}

{% macro duckdb__big_integer() -%}
    hugeint
{%- endmacro %}

{% macro duckdb__on_clocks_of(utc, zone) -%}
    (({{ utc }} at time zone 'UTC') at time zone '{{ zone }}')
{%- endmacro %}

{% macro duckdb__microseconds_of(utc) -%}
    epoch_us({{ utc }})
{%- endmacro %}

{# Without an offset it is the session's TimeZone, which is UTC (profiles.yml). #}
{% macro duckdb__parsed_time(text) -%}
    coalesce(
        try_cast({{ text }} as timestamp with time zone),
        try_cast({{ extended_iso_8601(text) }} as timestamp with time zone)
    )
{%- endmacro %}

{% macro duckdb__as_boolean(column) -%}try_cast({{ raw_text(column) }} as boolean){%- endmacro %}

{# typeof() folds to a constant, so one branch is left. #}
{% macro duckdb__as_timestamp(column) -%}
    {%- set value, text = 'source_row.' ~ column, raw_text(column) -%}
    case
        when typeof({{ value }}) in ('TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP WITH TIME ZONE', 'DATE')
            then case when isfinite(try_cast({{ value }} as timestamp)) then try_cast({{ value }} as timestamp) end
        when isfinite({{ parsed_time(text) }}) then cast({{ parsed_time(text) }} as timestamp)
    end
{%- endmacro %}

{# The name of a table is its row. #}
{% macro duckdb__raw_row(table) -%}source_row{%- endmacro %}

{% macro duckdb__raw_row_columns() -%}source_row{%- endmacro %}

{% macro duckdb__raw_text(column) -%}{{ as_text('source_row.' ~ column) }}{%- endmacro %}

{% macro duckdb__query_parameter_names(url) -%}
    list_transform(
        str_split({{ extracted(url_before_fragment(url), '[?](.*)$', 1) }}, '&'),
        lambda pair: coalesce(
            try(url_decode(replace(split_part(pair, '=', 1), '+', ' '))),
            split_part(pair, '=', 1)
        )
    )
{%- endmacro %}

{% macro duckdb__missing_query(url, parameters) -%}
    coalesce(
        array_to_string(
            list_transform(
                list_filter(
                    {{ parameters }},
                    lambda item: not list_contains({{ query_parameter_names(url) }}, item.parameter)
                ),
                lambda item: url_encode(item.parameter) || '=' || url_encode(item.value)
            ),
            '&'
        ),
        ''
    )
{%- endmacro %}

{% macro duckdb__number_in_words(number) -%}format('{:,}', {{ number }}){%- endmacro %}

{% macro duckdb__amount_in_words(amount) -%}format('{:,.2f}', cast({{ amount }} as double)){%- endmacro %}

{% macro duckdb__percentage_in_words(fraction) -%}
    format('{:g}%', round(100 * cast({{ fraction }} as double), 2))
{%- endmacro %}

{% macro duckdb__joined_texts(text, order_by, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}
