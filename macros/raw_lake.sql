{# The raw lake as views raw.<table>, checked before the first model runs.

   The contract is models/staging/_sources.yml; where the lake lies is EMAIL_STATS_RAW. #}

{% macro raw_lake() -%}
    {{ env_var('EMAIL_STATS_RAW', 'seeds/sample_lake').rstrip('/') }}
{%- endmacro %}


{# [ * ? in a path stand for themselves, not for a pattern. #}
{% macro escape_glob(path) -%}
    {{ path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') }}
{%- endmacro %}


{% macro quote_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}


{# The source of one raw table, from the manifest; in a unit test, to which dbt gives no manifest, from
   raw.contract, which open_raw_lake has written. #}
{% macro raw_source(table) %}
    {% if not graph.sources %}
        {% set query = 'select source from raw.contract where raw_table = ' ~ quote_text(table) %}
        {% do return(fromjson(run_query(query).columns[0].values()[0])) %}
    {% endif %}
    {% for source in graph.sources.values() if source.source_name == 'raw' and source.name == table %}
        {% do return(source) %}
    {% endfor %}
{% endmacro %}


{# The Parquet files of a raw table, at any depth. A file or folder that starts with _ or . is a
   writer at work and is skipped. -- DuckDB only: glob() #}
{% macro raw_files(table) %}
    {% set folder = raw_lake() ~ '/' ~ table ~ '/' %}
    {% set query %}
        select file
        from glob({{ quote_text(escape_glob(folder) ~ '**/*.parquet') }})
        where not regexp_matches(substr(file, {{ folder | length }}), '/[_.]')
        order by file
    {% endset %}
    {% do return(run_query(query).columns[0].values() | list) %}
{% endmacro %}


{# A list literal of files for read_parquet() and its relatives. #}
{% macro file_list(files) -%}
    [
    {%- for file in files %}{{ quote_text(escape_glob(file)) }}{{ ', ' if not loop.last }}{% endfor -%}
    ]
{%- endmacro %}


{# Ends the run where a file lacks a required column: names the file and the columns. #}
{% macro require_columns(source, files) %}
    {% set required = [] %}
    {% for column in source.columns.values() if column.config.meta.get('is_required') %}
        {% do required.append(column.name) %}
    {% endfor %}
    {% set query %}
        select file_name, list_sort(list(lower(name))) as names
        from parquet_schema({{ file_list(files) }})
        group by file_name
        having not list_has_all(names, {{ required }})
        order by file_name
        limit 1
    {% endset %}
    {% for row in run_query(query).rows %}
        {% set missing = required | reject('in', row[1]) | list %}
        {% do exceptions.raise_compiler_error(
            "Raw table '" ~ source.name ~ "': the file " ~ row[0] ~ " lacks the required column "
            ~ missing | join(', ') ~ ". Deliver the file with it (see models/staging/_sources.yml)."
        ) %}
    {% endfor %}
{% endmacro %}


{# The view of one raw table: every column of its files, and a null for each column of the contract
   that no file has. -- DuckDB only: read_parquet(), parquet_schema() #}
{% macro open_raw_table(source) %}
    {% set files = raw_files(source.name) %}
    {% if not files and source.config.meta.is_required %}
        {% do exceptions.raise_compiler_error(
            "Raw table '" ~ source.name ~ "' is missing: there is no Parquet file below "
            ~ raw_lake() ~ "/" ~ source.name ~ ". Deliver it, or point EMAIL_STATS_RAW to the raw lake."
        ) %}
    {% endif %}
    {% set present = [] %}
    {% if files %}
        {% do require_columns(source, files) %}
        {% set names = run_query(
            'select distinct lower(name) from parquet_schema(' ~ file_list(files) ~ ')'
        ) %}
        {% do present.extend(names.columns[0].values()) %}
    {% endif %}
    {% set absent = [] %}
    {% for column in source.columns.values() if column.name not in present %}
        {% do absent.append('cast(null as varchar) as ' ~ column.name) %}
    {% endfor %}
    {% call statement(auto_begin=false) %}
        create or replace view raw.{{ source.name }} as
        {% if files %}
        select {{ (['*'] + absent) | join(', ') }}
        from read_parquet({{ file_list(files) }}, union_by_name = true, hive_partitioning = false)
        {% else %}
        select {{ absent | join(', ') }}
        where false
        {% endif %}
    {% endcall %}
    {% call statement(auto_begin=false) %}
        insert into raw.files
        {% if files %}
        select {{ quote_text(source.name) }}, file_name, num_rows
        from parquet_file_metadata({{ file_list(files) }})
        {% else %}
        select null, null, null
        where false
        {% endif %}
    {% endcall %}
{% endmacro %}


{# on-run-start: checks the lake and opens every raw table as a view, where models are to be built. All
   else (`dbt test`, `dbt compile`, `dbt docs generate`) is about what was built, and leaves it as it is. #}
{% macro open_raw_lake() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do log('Raw lake: ' ~ raw_lake(), info=true) %}
        {% call statement(auto_begin=false) %}
            create schema if not exists raw;
            create or replace table raw.files (
                raw_table varchar, path varchar, raw_rows bigint
            );
            create or replace table raw.contract (raw_table varchar, source varchar)
        {% endcall %}
        {% do forget_build_outcome() %}
        {% for source in graph.sources.values() if source.source_name == 'raw' %}
            {% do open_raw_table(source) %}
            {% call statement(auto_begin=false) %}
                insert into raw.contract values ({{ quote_text(source.name) }}, {{ quote_text(tojson(source)) }})
            {% endcall %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{# The raw tables, and whether one holds entities or events. Named here as well as in the contract, so
   that dbt can see the references before it has read the manifest; a test compares the two. #}
{% macro raw_tables() %}
    {% do return([
        'contacts', 'sending_domains', 'email_sources', 'links', 'exchange_rates',
        'send_events', 'engagement_events', 'order_events', 'goal_events',
    ]) %}
{% endmacro %}

{# A text column of a raw table, null where the contract doesn't give it one. #}
{% macro raw_text_column(table, name) -%}
    {{ name if execute and name in raw_source(table).columns else 'cast(null as varchar)' }}
{%- endmacro %}


{% macro raw_table_kind(table) %}
    {% do return('event' if table.endswith('_events') else 'entity') %}
{% endmacro %}
