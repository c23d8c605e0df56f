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


{# The folder that the paths of raw.files count from: the plugin's, with a slash. Asked once per run: open_raw_lake
   forgets it, since one manifest may serve several runs. #}
{% macro lake_folder() %}
    {% if 'lake_folder' not in graph %}
        {% do graph.update({'lake_folder': single_value('select lake_folder from raw.project')}) %}
    {% endif %}
    {% do return(graph['lake_folder']) %}
{% endmacro %}


{# The raw tables of the contract, in its order. #}
{% macro raw_sources() %}
    {% do return(graph.sources.values() | selectattr('source_name', 'equalto', 'raw') | list) %}
{% endmacro %}


{# The rows of a query whose first column is a raw table, by that table. #}
{% macro by_raw_table(query) %}
    {% set rows = {} %}
    {% for source in raw_sources() %}
        {% do rows.update({source.name: []}) %}
    {% endfor %}
    {% for row in run_query(query).rows %}
        {% do rows[row[0]].append(row) %}
    {% endfor %}
    {% do return(rows) %}
{% endmacro %}


{# A list literal of files (paths from the lake on) for read_parquet() and its relatives. #}
{% macro file_list(files) -%}
    {%- set folder = lake_folder() -%}
    [
    {%- for file in files %}{{ quote_text(escape_glob(folder ~ file)) }}{{ ', ' if not loop.last }}{% endfor -%}
    ]
{%- endmacro %}


{# Ends the run where a file lacks a required column: names the file and the columns. #}
{% macro require_columns(files) %}
    {% set required = {} %}
    {% for source in raw_sources() %}
        {% set columns = source.columns.values() | selectattr('config.meta.is_required') | map(attribute='name') | list %}
        {% do required.update({source.name: columns}) %}
    {% endfor %}
    {% set query %}
        select lake_files.raw_table, schemas.file_name, schemas.names
        from raw.lake_files
        inner join (
            select file_name, list(lower(name)) as names from parquet_schema({{ file_list(files) }}) group by file_name
        ) as schemas
            on {{ quote_text(lake_folder()) }} || lake_files.path = schemas.file_name
        where
            {%- for name, columns in required.items() %}
            {{ 'or ' if not loop.first }}(lake_files.raw_table = '{{ name }}' and not list_has_all(schemas.names, {{ columns }}))
            {%- endfor %}
        order by lake_files.raw_table, schemas.file_name
        limit 1
    {% endset %}
    {% for row in run_query(query).rows %}
        {% set missing = required[row[0]] | reject('in', row[2]) | list %}
        {% do exceptions.raise_compiler_error(
            "Raw table '" ~ row[0] ~ "': the file " ~ row[1] ~ " lacks the required column "
            ~ missing | join(', ') ~ ". Deliver the file with it (see models/staging/_sources.yml)."
        ) %}
    {% endfor %}
{% endmacro %}


{# The rows of files of one raw table; a column that only some have is null in the others. -- DuckDB only #}
{% macro read_files(files) -%}
    read_parquet({{ file_list(files) }}, union_by_name = true, hive_partitioning = false)
{%- endmacro %}


{# A query of the columns and types of the files in `files`, a mapping of raw tables to rows (table, file). #}
{% macro columns_of(files) -%}
    {%- set queries = [] -%}
    {%- for name, rows in files.items() if rows -%}
        {%- do queries.append(
            "select '" ~ name ~ "' as raw_table, lower(column_name) as name, column_type as type"
            ~ ' from (describe select * from ' ~ read_files(rows | map(attribute=1) | list) ~ ')'
        ) -%}
    {%- endfor -%}
    {{ queries | join(' union all ') or 'select null, null, null where false' }}
{%- endmacro %}


{# The views of the raw tables, over the files to read: the columns of the contract, in its order, then what else the
   files have; a null for each that no file has. In a delta the types are those that all files together have. #}
{% macro open_raw_tables() %}
    {% set files = by_raw_table('select raw_table, path from raw.arrived order by path') %}
    {% set types = by_raw_table('select raw_table, name, type from raw.columns order by name') %}
    {% set types_here = by_raw_table(columns_of(files)) %}
    {% call statement(auto_begin=false) %}
        create or replace table raw.contract (raw_table varchar, source varchar);
        {% for source in raw_sources() %}
        {{ raw_view(source, files[source.name], types[source.name], types_here[source.name]) }};
        insert into raw.contract values ({{ quote_text(source.name) }}, {{ quote_text(tojson(source)) }});
        {% endfor %}
    {% endcall %}
{% endmacro %}


{% macro raw_view(source, files, types, types_here) -%}
    {%- set type_of, is_here = {}, {} -%}
    {%- for row in types -%}{%- do type_of.update({row[1]: row[2]}) -%}{%- endfor -%}
    {%- for row in types_here -%}{%- do is_here.update({row[1]: row[2]}) -%}{%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in source.columns.keys() | list + type_of.keys() | reject('in', source.columns) | list -%}
        {%- set quoted = adapter.quote(column) -%}
        {%- if column in is_here and is_here[column] == type_of[column] -%}
            {%- do columns.append(quoted ~ ' as ' ~ quoted) -%}
        {%- else -%}
            {%- do columns.append(
                'cast(' ~ (quoted if column in is_here else 'null') ~ ' as ' ~ type_of.get(column, 'varchar') ~ ') as ' ~ quoted
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    create or replace view raw.{{ source.name }} as
    select {{ columns | join(', ') }}
    {{ 'from ' ~ read_files(files | map(attribute=1) | list) if files else 'where false' }}
{%- endmacro %}


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
        {% do graph.pop('lake_folder', none) %}
        {% do prepare_batches() %}
        {% do forget_build_outcome() %}
        {% do begin_seeds() %}
    {% endif %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do log('Raw lake: ' ~ raw_lake(), info=true) %}
        {% do refuse_parts_that_read_a_batch() %}
        {% do begin_batch() %}
        {% do open_raw_tables() %}
        {% do open_loads() %}
    {% endif %}
{% endmacro %}


{# The raw tables, and whether one holds entities or events. Named here as well as in the contract, so
   that dbt can see the references before it has read the manifest; a test compares the two. #}
{% macro raw_tables() %}
    {% do return([
        'contacts', 'sending_domains', 'email_sources', 'links', 'exchange_rates', 'experiments',
        'send_events', 'engagement_events', 'order_events', 'goal_events', 'experiment_assignments',
    ]) %}
{% endmacro %}

{# A text column of a raw table, null where the contract doesn't give it one. #}
{% macro raw_text_column(table, name) -%}
    {{ name if execute and name in raw_source(table).columns else 'cast(null as string)' }}
{%- endmacro %}


{% macro raw_table_kind(table) %}
    {% do return('event' if table.endswith(('_events', '_assignments')) else 'entity') %}
{% endmacro %}
