{# The raw lake as views raw.<table>, checked before the first model runs.

   The contract is models/staging/_sources.yml; where the lake lies is EMAIL_STATS_RAW. #}

{% macro raw_lake() -%}
    {{ env_var('EMAIL_STATS_RAW', 'seeds/sample_lake').rstrip('/') }}
{%- endmacro %}


{# [ * ? in a path stand for themselves, not for a pattern. #}
{% macro escape_glob(path) -%}
    {{ path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') }}
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


{# The folder that the paths of raw.files count from: the plugin's, with a slash. #}
{% macro lake_folder() %}
    {% do return(single_value('select lake_folder from raw.project')) %}
{% endmacro %}


{# A list literal of files (paths from the lake on) for read_parquet() and its relatives. #}
{% macro file_list(files) -%}
    {%- set folder = lake_folder() -%}
    [
    {%- for file in files %}{{ quote_text(escape_glob(folder ~ file)) }}{{ ', ' if not loop.last }}{% endfor -%}
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


{# The view of one raw table, over the files to read: the columns of the contract, in its order, then what
   else the files have; a null for each that no file has. In a delta the types are those that all files
   together have. -- DuckDB only: read_parquet() #}
{% macro open_raw_table(source) %}
    {% set name = quote_text(source.name) %}
    {% set files = run_query('select path from raw.arrived where raw_table = ' ~ name ~ ' order by path').columns[0].values() | list %}
    {% set relation %}
        {% if files %}read_parquet({{ file_list(files) }}, union_by_name = true, hive_partitioning = false){% endif %}
    {% endset %}
    {% set types, types_here = {}, {} %}
    {% for row in run_query('select name, type from raw.columns where raw_table = ' ~ name ~ ' order by name').rows %}
        {% do types.update({row[0]: row[1]}) %}
    {% endfor %}
    {% if files %}
        {% for row in run_query('describe select * from ' ~ relation).rows %}
            {% do types_here.update({row[0] | lower: row[1]}) %}
        {% endfor %}
    {% endif %}
    {% set columns = [] %}
    {% for column in source.columns.keys() | list + types.keys() | reject('in', source.columns) | list %}
        {% set quoted = adapter.quote(column) %}
        {% if column in types_here and types_here[column] == types[column] %}
            {% do columns.append(quoted ~ ' as ' ~ quoted) %}
        {% else %}
            {% do columns.append(
                'cast(' ~ (quoted if column in types_here else 'null') ~ ' as ' ~ types.get(column, 'varchar') ~ ') as ' ~ quoted
            ) %}
        {% endif %}
    {% endfor %}
    {% call statement(auto_begin=false) %}
        create or replace view raw.{{ source.name }} as
        select {{ columns | join(', ') }}
        {{ 'from ' ~ relation if files else 'where false' }}
    {% endcall %}
{% endmacro %}


{# raw.loads: the records of loads that `email-stats load` and `receive` leave in <lake>/_loads, one JSON object per load
   or, once compacted, a list of them. What starts with _ is a writer's at work. -- DuckDB only: glob(), read_text() #}
{% macro open_loads() %}
    {% set query %}
        select file
        from glob({{ quote_text(escape_glob(lake_folder()) ~ '_loads/*.json') }})
        where not starts_with(parse_filename(file), '_')
        order by file
    {% endset %}
    {% set files = [] %}
    {% for file in run_query(query).columns[0].values() %}
        {% do files.append(quote_text(escape_glob(file))) %}
    {% endfor %}
    {% if files %}
        {% set contents = 'read_text([' ~ files | join(', ') ~ '])' %}
        {% for row in run_query('select filename from ' ~ contents ~ ' where not json_valid(content) limit 1').rows %}
            {% do exceptions.raise_compiler_error(
                row[0] ~ " isn't the record of a load: move it away, or load its files again with `email-stats load`."
            ) %}
        {% endfor %}
    {% endif %}
    {% call statement(auto_begin=false) %}
        create or replace table raw.loads as
        with
        entries as (
            {%- if files %}
            select unnest(case json_type(content) when 'ARRAY' then json_extract(content, '$[*]') else [content::json] end) as entry
            from {{ contents }}
            {%- else %}
            select null::json as entry where false
            {%- endif %}
        ),
        reasons as (
            {%- for outcome in ('ignored', 'rejected') %}
            select entry, '{{ outcome }}' as outcome, unnest(json_keys(entry, '$.{{ outcome }}')) as reason
            from entries
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ),
        outcomes as (
            select entry, 'with_rows' as outcome, null as reason, entry ->> '$.records_with_rows' as records
            from entries
            union all
            select entry, outcome, reason, entry ->> ('$.' || outcome || '."' || reason || '"') from reasons
        )
        select
            entry ->> '$.load_id' as load_id,
            outcome,
            reason,
            entry ->> '$.sender' as sender,
            (entry ->> '$.loaded_at')::timestamptz::timestamp as loaded_at,
            records::bigint as records
        from outcomes
    {% endcall %}
{% endmacro %}


{# on-run-start: checks the lake and opens every raw table as a view, where models are to be built; what
   loads seeds says so. All else (`dbt test`, `dbt compile`, `dbt docs generate`) is about what was built,
   and leaves it as it is. #}
{% macro open_raw_lake() %}
    {% do adapter.dispatch('open_raw_lake')() %}
{% endmacro %}

{% macro duckdb__open_raw_lake() %}
    {% if execute and flags.WHICH in ('build', 'run', 'seed') %}
        {% do prepare_batches() %}
        {% do forget_build_outcome() %}
        {% do begin_seeds() %}
    {% endif %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do log('Raw lake: ' ~ raw_lake(), info=true) %}
        {% do refuse_parts_that_read_a_batch() %}
        {% do begin_batch() %}
        {% call statement(auto_begin=false) %}
            create or replace table raw.contract (raw_table varchar, source varchar)
        {% endcall %}
        {% for source in graph.sources.values() if source.source_name == 'raw' %}
            {% do open_raw_table(source) %}
            {% call statement(auto_begin=false) %}
                insert into raw.contract values ({{ quote_text(source.name) }}, {{ quote_text(tojson(source)) }})
            {% endcall %}
        {% endfor %}
        {% do open_loads() %}
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
    {{ name if execute and name in raw_source(table).columns else 'cast(null as string)' }}
{%- endmacro %}


{% macro raw_table_kind(table) %}
    {% do return('event' if table.endswith('_events') else 'entity') %}
{% endmacro %}
