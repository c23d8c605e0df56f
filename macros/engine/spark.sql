{# Spark's spelling of macros/engine/dialect.sql: Spark 4 with ANSI rules, and Sail, which speaks the same language. #}

{# Each step reads a CTE again: Spark keeps none. #}
{% macro spark__not_kept() -%}{%- endmacro %}

{# Spark has recursion of another kind, Sail none: pointers are followed beforehand (spark__follow_pointers). #}
{% macro spark__with_recursion() -%}with{%- endmacro %}

{% macro spark__quote_text(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}

{% macro spark__key_hash(text) -%}
    crc32({{ text }})
{%- endmacro %}

{# r'…' takes backslashes as they are. #}
{% macro spark__matches(text, pattern) -%}
    regexp_like({{ text }}, r'{{ pattern }}')
{%- endmacro %}

{% macro spark__extracted(text, pattern, group) -%}
    regexp_extract({{ text }}, r'(?s){{ pattern }}', {{ group }})
{%- endmacro %}

{% macro spark__replace_matches(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern }}', r'{{ replacement | replace('<', '${') | replace('>', '}') }}')
{%- endmacro %}

{# Spark can't compose: a letter in two code points isn't the same as one. #}
{% macro spark__composed_text(text) -%}{{ text }}{%- endmacro %}

{% macro spark__struct_of(fields) -%}
    named_struct({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro spark__as_json(value) -%}
    to_json({{ value }}, map('ignoreNullFields', 'false'))
{%- endmacro %}

{# collect_list has no order: what it is sorted by goes first into the structs, and out again. #}
{% macro spark__sorted_list(fields, order_by) -%}
    transform(
        array_sort(collect_list(named_struct(
            {%- for value in order_by %}'_{{ loop.index }}', {{ value }}, {% endfor %}'fields', {{ struct_of(fields) }}
        ))),
        item -> item.fields
    )
{%- endmacro %}

{% macro spark__distinct_list(value) -%}
    collect_set({{ value }})
{%- endmacro %}

{% macro spark__items_of(list) -%}
    explode({{ list }})
{%- endmacro %}

{# The separator is a pattern there. #}
{% macro spark__text_parts(text, separator) -%}
    split({{ text }}, r'[{{ separator }}]')
{%- endmacro %}

{% macro spark__whole_quotient(dividend, divisor) -%}
    ({{ dividend }}) div ({{ divisor }})
{%- endmacro %}

{% macro spark__big_integer() -%}
    decimal(38, 0)
{%- endmacro %}

{% macro spark__on_clocks_of(utc, zone) -%}
    convert_timezone('UTC', '{{ zone }}', {{ utc }})
{%- endmacro %}

{% macro spark__microseconds_of(utc) -%}
    unix_micros(cast({{ utc }} as timestamp))
{%- endmacro %}

{# timestamp_ltz heeds the offset, which _ntz would cut. #}
{% macro spark__parsed_time(text) -%}
    coalesce(
        try_cast({{ spark_readable_time(text) }} as timestamp_ltz),
        try_cast({{ spark_readable_time(extended_iso_8601(text)) }} as timestamp_ltz)
    )
{%- endmacro %}

{# NULL for what Spark would read and DuckDB doesn't: a year, a month or an hour alone, an offset after a space. Sail
   wants seconds before an offset. #}
{% macro spark_readable_time(text) -%}
    {%- set without_seconds -%} ^(.{10}[T ][0-9]{2}:[0-9]{2})([Z+-].*)\z {%- endset -%}
    case
        when {{ matches(text, '^[0-9]+-[0-9]+-[0-9]+') }} and not {{ matches(text, ' [+-]') }}
            then {{ replace_matches(text, without_seconds, '<1>:00<2>') }}
    end
{%- endmacro %}

{% macro spark__as_timestamp(column) -%}
    case
        when typeof(source_row.{{ column }}) in ('timestamp', 'timestamp_ntz', 'date')
            then try_cast(source_row.{{ column }} as timestamp_ntz)
        else cast({{ parsed_time(raw_text(column)) }} as timestamp_ntz)
    end
{%- endmacro %}

{# In lists, not by a cast: Sail's takes what a word begins with (tru) for the word. #}
{% macro spark__as_boolean(column) -%}
    case
        when lower({{ raw_text(column) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ raw_text(column) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{# The row as a struct, and its values as texts, once: Spark computes an expression as often as it is written. #}
{% macro spark__raw_row(table) -%}
    struct(source_row.*) as source_row,
        named_struct(
            {%- if execute %}
            {%- for column in raw_source(table).columns %}
            '{{ column }}', {{ as_text('source_row.' ~ column) }}{{ ',' if not loop.last }}
            {%- endfor %}
            {%- endif %}
        ) as raw_texts
{%- endmacro %}

{% macro spark__raw_row_columns() -%}source_row, raw_texts{%- endmacro %}

{% macro spark__raw_text(column) -%}raw_texts.{{ column }}{%- endmacro %}

{% macro spark__query_parameter_names(url) -%}
    transform(
        split({{ extracted(url_before_fragment(url), '[?](.*)\\z', 1) }}, '&'),
        pair -> coalesce(try_url_decode(replace(split_part(pair, '=', 1), '+', ' ')), split_part(pair, '=', 1))
    )
{%- endmacro %}

{% macro spark__missing_query(url, parameters) -%}
    coalesce(
        array_join(
            transform(
                filter(
                    {{ parameters }},
                    item -> not array_contains({{ query_parameter_names(url) }}, item.parameter)
                ),
                item -> {{ spark_url_encoded('item.parameter') }} || '=' || {{ spark_url_encoded('item.value') }}
            ),
            '&'
        ),
        ''
    )
{%- endmacro %}

{# Spark encodes as forms do, which differs from URLs in these. #}
{% macro spark_url_encoded(text) -%}
    replace(replace(replace(url_encode({{ text }}), '+', '%20'), '*', '%2A'), '%7E', '~')
{%- endmacro %}

{# printf() writes null for NULL. #}
{% macro spark__number_in_words(number) -%}
    case when {{ number }} is not null then printf('%,d', {{ number }}) end
{%- endmacro %}

{% macro spark__amount_in_words(amount) -%}
    case when {{ amount }} is not null then printf('%,.2f', cast({{ amount }} as double)) end
{%- endmacro %}

{% macro spark__percentage_in_words(fraction) -%}
    trim(trailing '.' from trim(trailing '0' from cast(cast(round(100 * cast({{ fraction }} as double), 2) as decimal(18, 2)) as string))) || '%'
{%- endmacro %}

{% macro spark__joined_texts(text, order_by, separator) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{% macro spark__rows_with_key(relation, node, key, keys, rowid_as) -%}
    (select *{{ ', cast(1 as bigint) as ' ~ rowid_as if rowid_as }} from {{ relation }} where ({{ key }}) in {{ keys }})
{%- endmacro %}

{% macro spark__has_key(relation, node, key, keys) -%}
    {{ is_one_of(key, keys) }}
{%- endmacro %}

{% macro spark__is_one_of(key, keys) -%}
    ({{ key }}) in {{ keys }}
{%- endmacro %}
