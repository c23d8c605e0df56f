{# Before the first model: which files are new, and whether what was built can stay.

   raw.files is the manifest of the files that the tables were built from; raw.lake_files what the lake
   holds now (written by dbt_plugin.py as dbt opens the database, with the fingerprints of seeds and
   models); raw.batch the build at work or the latest one; raw.pair the id by which the build
   database and its steps know each other (<name>.batch needs none: each build fills it again);
   raw.loaded_seeds the seeds in the database, which a `dbt run` leaves as they are. The manifest is written
   before the tables, so it counts only where raw.batch says that they are whole: anything that ends a build
   early leaves it as not whole, and the next one is a full refresh. #}

{% macro prepare_batches() %}
    {% call statement(auto_begin=false) %}
        create schema if not exists raw;
        create schema if not exists earlier;
        create schema if not exists steps.raw;
        create schema if not exists steps.earlier;
        create schema if not exists batch.computed;
        create table if not exists raw.files (
            raw_table varchar, path varchar, file_bytes bigint, modified_at_ns bigint, raw_rows bigint,
            file_columns varchar, batch_number bigint
        );
        create table if not exists raw.columns (raw_table varchar, name varchar, type varchar);
        create table if not exists raw.loaded_seeds (fingerprint varchar, is_whole boolean);
        create table if not exists raw.contract (raw_table varchar, source varchar);
        create table if not exists raw.batch (
            number bigint, is_delta boolean, reason varchar, settings varchar, seeds varchar, models varchar,
            is_whole boolean
        );
        create table if not exists raw.pair (id uuid);
        create table if not exists steps.raw.pair (id uuid)
    {% endcall %}
{% endmacro %}


{# In a full refresh of everything: drops what was built before, so that the new tables take its place on
   the disk, and nothing of it is left in the file that is published. dbt, which knows these tables, hears of it. #}
{% macro drop_what_was_built() %}
    {% set query %}
        select database_name, schema_name, table_name from duckdb_tables() where not internal
        union all
        select database_name, schema_name, view_name from duckdb_views() where not internal
    {% endset %}
    {% set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list %}
    {% set databases = models | map(attribute='database') | unique | list %}
    {% set schemas = models | map(attribute='schema') | list %}
    {% set dropped = [] %}
    {% for row in run_query(query).rows if row[0] in databases and row[1] in schemas %}
        {% do dropped.append(drop_statement(api.Relation.create(database=row[0], schema=row[1], identifier=row[2]))) %}
    {% endfor %}
    {# DuckDB frees their blocks as it writes down what its log holds. -- DuckDB only #}
    {% call statement(auto_begin=false) %}
        {{ dropped | join }}
        drop schema batch.computed cascade;
        create schema batch.computed;
        {% for database in databases | reject('equalto', 'batch') %}
        drop schema if exists {{ adapter.quote(database) }}.earlier cascade;
        create schema {{ adapter.quote(database) }}.earlier;
        checkpoint {{ adapter.quote(database) }};
        {% endfor %}
    {% endcall %}
{% endmacro %}


{# Before seeds are loaded: they are those that the files hold now, and not whole until all are there. #}
{% macro begin_seeds() %}
    {% set are_loaded = [] %}
    {% for unique_id in selected_resources if unique_id.startswith('seed.') %}
        {% do are_loaded.append(unique_id) %}
    {% endfor %}
    {% if are_loaded %}
        {% call statement(auto_begin=false) %}
            create or replace table raw.loaded_seeds as
            select seeds as fingerprint, false as is_whole from raw.project
        {% endcall %}
    {% endif %}
{% endmacro %}


{% macro seeds_are_loaded() %}
    {% call statement(auto_begin=false) %}
        update raw.loaded_seeds set is_whole = true
    {% endcall %}
{% endmacro %}


{# Whether the seeds in the database are those that the files held as the build began. #}
{% macro has_its_seeds() %}
    {% do return(single_value(
        'select count(*) = 1 from raw.batch inner join raw.loaded_seeds on batch.seeds = loaded_seeds.fingerprint'
        ~ ' where loaded_seeds.is_whole'
    )) %}
{% endmacro %}


{% macro single_value(query) %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}


{# Why everything is to be built again, as the end of a sentence; none where the batch can go on top of what
   was built. #}
{% macro full_refresh_reason() %}
    {% if flags.FULL_REFRESH %}
        {% do return('asked for') %}
    {% endif %}
    {% if left_out('model', selected_resources) %}
        {% do return('only a part is built') %}
    {% endif %}
    {% set batches = run_query(
        'select batch.settings, batch.seeds, batch.models, batch.is_whole, project.seeds, project.models'
        ~ ' from raw.batch as batch cross join raw.project as project'
    ).rows %}
    {% if not batches %}
        {% do return('nothing was built before') %}
    {% endif %}
    {% set last = batches[0] %}
    {% if not last[3] %}
        {% do return('the last build did not finish, or did not pass its tests') %}
    {% elif not single_value('select count(*) = 1 from raw.pair inner join steps.raw.pair as twin on pair.id = twin.id') %}
        {% do return('the files of the build database are not of one build') %}
    {% elif last[0] != settings_in_force() %}
        {% do return('a setting changed') %}
    {% elif last[1] != last[4] %}
        {% do return('a seed changed') %}
    {% elif last[2] != last[5] %}
        {% do return('the models, or DuckDB, changed') %}
    {% endif %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized in ('table', 'by_key', 'staged') %}
        {% if not load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) %}
            {% do return('the table ' ~ node.name ~ ' is missing') %}
        {% endif %}
    {% endfor %}
    {% set query %}
        select
            files.path,
            lake_files.path is null as is_gone,
            count(*) over () - 1 as others
        from raw.files
        left join raw.lake_files on files.raw_table = lake_files.raw_table and files.path = lake_files.path
        where
            lake_files.path is null
            or files.file_bytes <> lake_files.file_bytes
            or files.modified_at_ns <> lake_files.modified_at_ns
        order by files.path
        limit 1
    {% endset %}
    {% for row in run_query(query).rows %}
        {% do return(
            'the file ' ~ row[0] ~ (' is gone' if row[1] else ' changed')
            ~ (' (and ' ~ row[2] ~ ' more)' if row[2] else '')
        ) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{# What `email-stats compact` merged since: a file that has, row for row, what files of the manifest have takes their
   place there and isn't read again. That holds where all files that it is made of are in the manifest as they were, and
   gone. A day's file may have been merged into a month's since, so it is looked until nothing is left.
   -- DuckDB only: glob(), read_parquet() #}
{% macro take_compactions() %}
    {% set records = quote_text(escape_glob(lake_folder()) ~ '_compactions/*.parquet') %}
    {% set found = namespace(is_left=single_value('select count(*) > 0 from glob(' ~ records ~ ')')) %}
    {% for step in range(8) if found.is_left %}
        {% call statement(auto_begin=false) %}
            create or replace table raw.merged_files as
            select
                merged.raw_table,
                merged.path,
                any_value(merged.bytes) as file_bytes,
                any_value(merged.modified_at_ns) as modified_at_ns,
                sum(files.raw_rows) as raw_rows,
                any_value(files.file_columns) as file_columns,
                max(files.batch_number) as batch_number,
                list(merged.removed_path) as removed_paths
            from read_parquet({{ records }}) as merged
            left join raw.files
                on merged.raw_table = files.raw_table and merged.removed_path = files.path
                and merged.removed_bytes = files.file_bytes
                and merged.removed_modified_at_ns = files.modified_at_ns
            left join raw.lake_files
                on merged.raw_table = lake_files.raw_table and merged.removed_path = lake_files.path
            where merged.path not in (select path from raw.files)
            group by merged.raw_table, merged.path
            having
                count(files.path) = count(*)
                and count(lake_files.path) = 0
                and sum(files.raw_rows) = any_value(merged.rows)
        {% endcall %}
        {% set found.is_left = single_value('select count(*) > 0 from raw.merged_files') %}
        {% if found.is_left %}
            {% call statement(auto_begin=false) %}
                begin;
                delete from raw.files
                where path in (select unnest(removed_paths) from raw.merged_files);
                insert into raw.files select * exclude (removed_paths) from raw.merged_files;
                commit
            {% endcall %}
        {% endif %}
    {% endfor %}
    {% call statement(auto_begin=false) %}
        drop table if exists raw.merged_files
    {% endcall %}
{% endmacro %}


{# raw.arrived: the files to read, with what their footers state. Ends the run where one can't be read or
   lacks a required column. -- DuckDB only: parquet_file_metadata(), parquet_schema() #}
{% macro look_at_files(only_new) %}
    {% call statement(auto_begin=false) %}
        create or replace table raw.arrived (
            raw_table varchar, path varchar, file_bytes bigint, modified_at_ns bigint, raw_rows bigint,
            file_columns varchar
        )
    {% endcall %}
    {% set query %}
        select lake_files.raw_table, lake_files.path
        from raw.lake_files
        {% if only_new %}
        anti join raw.files on lake_files.raw_table = files.raw_table and lake_files.path = files.path
        {% endif %}
        order by lake_files.path
    {% endset %}
    {% set files_of, files = by_raw_table(query), [] %}
    {% for source in raw_sources() %}
        {% if not files_of[source.name] and not only_new and source.config.meta.is_required %}
            {% do exceptions.raise_compiler_error(
                "Raw table '" ~ source.name ~ "' is missing: there is no Parquet file below "
                ~ raw_lake() ~ "/" ~ source.name ~ ". Deliver it, or point EMAIL_STATS_RAW to the raw lake."
            ) %}
        {% endif %}
        {% do files.extend(files_of[source.name] | map(attribute=1)) %}
    {% endfor %}
    {% if not files %}
        {% do return(none) %}
    {% endif %}
    {% do require_columns(files) %}
    {% call statement(auto_begin=false) %}
        insert into raw.arrived
        select
            lake_files.raw_table,
            lake_files.path,
            lake_files.file_bytes,
            lake_files.modified_at_ns,
            footers.num_rows,
            schemas.file_columns
        from raw.lake_files
        inner join parquet_file_metadata({{ file_list(files) }}) as footers
            on {{ quote_text(lake_folder()) }} || lake_files.path = footers.file_name
        inner join (
            select
                file_name,
                string_agg(name || ' ' || coalesce(duckdb_type, type, ''), ', ' order by column_id) as file_columns
            from parquet_schema({{ file_list(files) }})
            group by file_name
        ) as schemas
            on footers.file_name = schemas.file_name
    {% endcall %}
    {% for name, found in by_raw_table('select raw_table, path from raw.arrived').items() if found | length != files_of[name] | length %}
        {% do exceptions.raise_compiler_error(
            "Raw table '" ~ name ~ "': DuckDB finds " ~ found | length ~ " of " ~ files_of[name] | length ~ " files by"
            ~ " their paths below " ~ lake_folder() ~ ". Point EMAIL_STATS_RAW to the lake by a plain path."
        ) %}
    {% endfor %}
{% endmacro %}


{# raw.columns_now: each raw table's columns and types over all its files, new ones included, as found in one
   file of each kind. Types of files that differ are united as DuckDB unites them. #}
{% macro look_at_columns(with_read_files) %}
    {% set query %}
        select raw_table, min(path) as path
        from (
            select raw_table, path, file_columns from raw.arrived
            {% if with_read_files %}
            union all
            select raw_table, path, file_columns from raw.files
            {% endif %}
        ) as kinds
        group by raw_table, file_columns
        order by path
    {% endset %}
    {% call statement(auto_begin=false) %}
        create or replace table raw.columns_now (raw_table varchar, name varchar, type varchar);
        insert into raw.columns_now {{ columns_of(by_raw_table(query)) }}
    {% endcall %}
{% endmacro %}


{# The raw table whose columns aren't what they were, if there is one: what was built from text would be
   built otherwise from a number. #}
{% macro changed_columns_reason() %}
    {% set query %}
        select coalesce(columns_now.raw_table, columns.raw_table) as raw_table
        from raw.columns_now
        full join raw.columns
            on columns_now.raw_table = columns.raw_table and columns_now.name = columns.name
            and columns_now.type = columns.type
        where columns_now.name is null or columns.name is null
        order by 1
        limit 1
    {% endset %}
    {% for row in run_query(query).rows %}
        {% do return('the columns of the raw table ' ~ row[0] ~ ' changed') %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{# Decides, writes the manifest and says what is going to be done. #}
{% macro begin_batch() %}
    {% do take_compactions() %}
    {% set reason = full_refresh_reason() %}
    {% if not reason %}
        {% do look_at_files(only_new=true) %}
        {% do look_at_columns(with_read_files=true) %}
        {% set reason = changed_columns_reason() %}
    {% endif %}
    {% if reason %}
        {% do look_at_files(only_new=false) %}
        {% do look_at_columns(with_read_files=false) %}
    {% endif %}
    {% set number = single_value('select coalesce(max(number), 0) + 1 from raw.batch') %}
    {% call statement(auto_begin=false) %}
        begin;
        delete from raw.batch;
        insert into raw.batch
        select
            {{ number }}, {{ not reason }}, {{ quote_text(reason) if reason else 'null' }},
            {{ quote_text(settings_in_force()) }}, seeds, models, false
        from raw.project;
        {% if reason %}
        delete from raw.files;
        {% endif %}
        insert into raw.files select *, {{ number }} from raw.arrived;
        delete from raw.columns;
        insert into raw.columns select * from raw.columns_now;
        commit
    {% endcall %}
    {% do graph.update({'batch': {'number': number, 'is_delta': not reason}}) %}
    {% if reason and not left_out('model', selected_resources) %}
        {% do drop_what_was_built() %}
    {% endif %}
    {% set found = run_query('select count(*), coalesce(sum(raw_rows), 0) from raw.arrived').rows[0] %}
    {% if reason %}
        {% do log('Full refresh: ' ~ reason ~ '.', info=true) %}
    {% else %}
        {# What a delta looks its keys up in would otherwise fill all memory, as a cache. -- DuckDB only #}
        {% set megabytes = single_value(
            'select cast(least(building, increment + increment_a_million_rows * ' ~ found[1] ~ ' / 1000000) as bigint)'
            ~ ' from raw.memory'
        ) %}
        {% call statement(auto_begin=false) %}
            set memory_limit = '{{ megabytes }}MB'
        {% endcall %}
        {% do log('Incremental: ' ~ found[0] ~ ' new files with ' ~ found[1] ~ ' rows.', info=true) %}
    {% endif %}
{% endmacro %}


{# on-run-end: the tables are whole where they passed (raw.build_outcome). Seeds that were not loaded are
   not those that they were built from. #}
{% macro end_batch() %}
    {% call statement(auto_begin=false) %}
        create or replace table steps.raw.pair as select uuid() as id;
        create or replace table raw.pair as select id from steps.raw.pair
    {% endcall %}
    {% call statement(auto_begin=false) %}
        update raw.batch
        set
            is_whole = coalesce((select is_passed from raw.build_outcome), false),
            seeds = {{ 'seeds' if has_its_seeds() else 'null' }}
    {% endcall %}
{% endmacro %}


{# on-run-end of a build that passed: batch tables are needed no longer. They stay, empty, so that `dbt test` and the
   docs find them; a part that reads one can't be built without it (refuse_parts_that_read_a_batch). #}
{% macro empty_batch_tables() %}
    {% call statement(auto_begin=false) %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' %}
        {% if node.config.materialized in ('batch', 'changed_keys') %}
        truncate {{ node.relation_name }};
        {% elif node.config.materialized == 'by_key' and batch().is_delta %}
        truncate {{ computed_rows(api.Relation.create(identifier=node.alias)) }};
        {% endif %}
        {% endfor %}
        checkpoint batch
    {% endcall %}
{% endmacro %}


{# Ends the run where a selected model reads a batch table that isn't selected: it is empty, or of another build. #}
{% macro refuse_parts_that_read_a_batch() %}
    {% for node in graph.nodes.values() if node.unique_id in selected_resources and node.resource_type == 'model' %}
        {% for parent in node.depends_on.nodes if parent.startswith('model.') and parent not in selected_resources %}
            {% set read = graph.nodes[parent] %}
            {% if read.config.materialized == 'batch' or read.config.materialized == 'view' and read.database == 'batch' and read.config.meta.kept_in %}
                {% do exceptions.raise_compiler_error(
                    "The model " ~ node.name ~ " reads " ~ read.name ~ ", which holds rows of one build only: select it too,"
                    ~ " for example with --select +" ~ node.name ~ "."
                ) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
