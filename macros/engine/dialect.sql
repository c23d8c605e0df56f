{# What engines spell in their own way, one macro each. Models and macros/rules use these and SQL that all engines
   know; how an engine spells them is in macros/engine/<engine>.sql, for Spark's tables in spark_tables.sql. #}

{# Of a CTE that several steps read: whether each reads it again, or a few rows are kept in memory. #}
{% macro not_kept() -%}{{ adapter.dispatch('not_kept')() }}{%- endmacro %}


{# The head of a query one of whose CTEs is followed_contacts(). #}
{% macro with_recursion() -%}{{ adapter.dispatch('with_recursion')() }}{%- endmacro %}


{# What an engine without recursion does before int_contacts_merged is built. #}
{% macro follow_pointers() -%}{% if execute %}{{ adapter.dispatch('follow_pointers')() }}{% endif %}{%- endmacro %}


{# Every contact that a contact meets (met_contact_id) when pointers are followed: the body of the CTE followed. #}
{% macro followed_contacts() -%}{{ adapter.dispatch('followed_contacts')() }}{%- endmacro %}


{# A text as a literal. #}
{% macro quote_text(text) -%}{{ adapter.dispatch('quote_text')(text) }}{%- endmacro %}


{# A text as a number of 32 bits, by which an increment finds rows. #}
{% macro key_hash(text) -%}{{ adapter.dispatch('key_hash')(text) }}{%- endmacro %}


{# Whether a pattern is found in a text. A pattern is a literal that all engines read alike: no flags, no lookaround,
   \z for the end. #}
{% macro matches(text, pattern) -%}{{ adapter.dispatch('matches')(text, pattern) }}{%- endmacro %}


{# Whether a pattern is the whole text. #}
{% macro matches_whole(text, pattern) -%}{{ matches(text, '^(?:' ~ pattern ~ ')\\z') }}{%- endmacro %}


{# What a pattern's group finds in a text; empty where it finds nothing. #}
{% macro extracted(text, pattern, group) -%}{{ adapter.dispatch('extracted')(text, pattern, group) }}{%- endmacro %}


{# A text with every match of a pattern replaced; <1> in the replacement is the first group. #}
{% macro replace_matches(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_matches')(text, pattern, replacement) }}
{%- endmacro %}


{# Texts in composed Unicode (NFC), so that one letter is one character. #}
{% macro composed_text(text) -%}{{ adapter.dispatch('composed_text')(text) }}{%- endmacro %}


{# One value of several named ones: fields maps a name to its expression. #}
{% macro struct_of(fields) -%}{{ adapter.dispatch('struct_of')(fields) }}{%- endmacro %}


{# A struct as JSON, its nulls too. #}
{% macro as_json(value) -%}{{ adapter.dispatch('as_json')(value) }}{%- endmacro %}


{# The structs of a group as a list, in the order of these expressions. #}
{% macro sorted_list(fields, order_by) -%}{{ adapter.dispatch('sorted_list')(fields, order_by) }}{%- endmacro %}


{# The different values of a group, as a list in no order. #}
{% macro distinct_list(value) -%}{{ adapter.dispatch('distinct_list')(value) }}{%- endmacro %}


{# One row per item of a list, in a select. #}
{% macro items_of(list) -%}{{ adapter.dispatch('items_of')(list) }}{%- endmacro %}


{# The parts of a text between separators, as a list. #}
{% macro text_parts(text, separator) -%}{{ adapter.dispatch('text_parts')(text, separator) }}{%- endmacro %}


{# The whole part of a quotient of whole numbers, exact. #}
{% macro whole_quotient(dividend, divisor) -%}{{ adapter.dispatch('whole_quotient')(dividend, divisor) }}{%- endmacro %}


{# The type of a whole number of more than 18 digits. #}
{% macro big_integer() -%}{{ adapter.dispatch('big_integer')() }}{%- endmacro %}


{# A UTC time on the clocks of a zone. #}
{% macro on_clocks_of(utc, zone) -%}{{ adapter.dispatch('on_clocks_of')(utc, zone) }}{%- endmacro %}


{# The microseconds from 1970 to a UTC time. #}
{% macro microseconds_of(utc) -%}{{ adapter.dispatch('microseconds_of')(utc) }}{%- endmacro %}


{# A text in ISO-8601 as a point in time: converted by its offset or zone, not cut; without one it is UTC. NULL where it
   can't be read. #}
{% macro parsed_time(text) -%}{{ adapter.dispatch('parsed_time')(text) }}{%- endmacro %}


{# A raw value of whatever type as a UTC timestamp, NULL where it can't be cast. Finer than microseconds is cut. #}
{% macro as_timestamp(column) -%}{{ adapter.dispatch('as_timestamp')(column) }}{%- endmacro %}


{# A raw value as a boolean: true, t, yes, y or 1, their opposites, in any case; NULL for all else. #}
{% macro as_boolean(column) -%}{{ adapter.dispatch('as_boolean')(column) }}{%- endmacro %}


{# A raw row (alias source_row) as one value, with what else an engine keeps beside it. #}
{% macro raw_row(table) -%}{{ adapter.dispatch('raw_row')(table) }}{%- endmacro %}


{# The names of what raw_row() makes. #}
{% macro raw_row_columns() -%}{{ adapter.dispatch('raw_row_columns')() }}{%- endmacro %}


{# A column of a raw row as trimmed text. #}
{% macro raw_text(column) -%}{{ adapter.dispatch('raw_text')(column) }}{%- endmacro %}


{# The names of the parameters in a URL's query, decoded, as a list. What can't be decoded stays as it is. #}
{% macro query_parameter_names(url) -%}{{ adapter.dispatch('query_parameter_names')(url) }}{%- endmacro %}


{# The parameters, as name=value joined by &, that a URL doesn't have yet; empty where there are none. parameters is a
   list of (parameter, value) in order. #}
{% macro missing_query(url, parameters) -%}{{ adapter.dispatch('missing_query')(url, parameters) }}{%- endmacro %}


{# 2000 as 2,000. #}
{% macro number_in_words(number) -%}{{ adapter.dispatch('number_in_words')(number) }}{%- endmacro %}


{# 1234.5 as 1,234.50. #}
{% macro amount_in_words(amount) -%}{{ adapter.dispatch('amount_in_words')(amount) }}{%- endmacro %}


{# A fraction as a percentage with two decimals at most: 0.125 as 12.5%. #}
{% macro percentage_in_words(fraction) -%}{{ adapter.dispatch('percentage_in_words')(fraction) }}{%- endmacro %}


{# The texts of a group, joined in this order. #}
{% macro joined_texts(text, order_by, separator=', ') -%}
    {{ adapter.dispatch('joined_texts')(text, order_by, separator) }}
{%- endmacro %}
