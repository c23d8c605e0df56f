{# How tables are written. dbt's own materializations swap names and look for indexes and grants; these do what
   this project needs, in half the statements. -- DuckDB only #}

{% macro create_whole(relation) %}
    {% set is_described = model.config.contract.enforced and not is_delta() %}
    {% call statement('main') %}
        {{ drop_statement(relation) }}
        {{ create_table_as(False, relation, compiled_code) }};
        {{ comments(relation) if is_described }}
    {% endcall %}
{% endmacro %}


{# The columns and constraints of a published table, in dbt's words, and how ids and addresses are compressed. Left to
   itself DuckDB tries every way, which takes a sixth of the time of writing the largest tables. #}
{% macro duckdb__get_table_columns_and_constraints() %}
    {% set names = model.columns.keys() | list %}
    (
        {%- for column in adapter.render_raw_columns_constraints(raw_columns=model.columns) %}
        {{ column }}{{ ' using compression fsst' if names[loop.index0] in model.config.meta.get('seldom_repeated', []) }}{{ ',' if not loop.last }}
        {%- endfor %}
        {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model.constraints) %}
        , {{ constraint }}
        {%- endfor %}
    )
{% endmacro %}


{# Drops what has a relation's name, as part of a statement that says more; dbt's own asks the database once more. #}
{% macro drop_statement(relation) %}
    {% set existing = load_cached_relation(relation) %}
    {% if existing %}
        {% do adapter.cache_dropped(existing) %}
        drop {{ existing.type }} {{ existing }};
    {% endif %}
{% endmacro %}


{# What a model's yml says of it and its columns, kept in the database. dbt's own looks for the columns first. #}
{% macro comments(relation) %}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {% for column in model.columns.values() %}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
    {% endfor %}
{% endmacro %}


{# In a delta: keeps a compared table, or its rows of the changed keys, as they were. #}
{% macro keep_earlier(relation) %}
    {% if model.config.meta.is_compared and is_delta() %}
        {% call statement() %}
            create or replace table {{ earlier_copy(relation) }} as
            select * from {{ relation }} where {{ has_changed_key(relation, model) or 'true' }}
        {% endcall %}
        {# A transaction writes to one database. #}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


{% materialization table, adapter='duckdb' %}
    {% set relation = this.incorporate(type='table') %}
    {% do keep_earlier(relation) %}
    {% do create_whole(relation) %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {% set relation = this.incorporate(type='view') %}
    {% call statement('main') %}
        {{ drop_statement(relation) }}
        {{ create_view_as(relation, compiled_code) }};
        {{ comments(relation) }}
    {% endcall %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization batch, adapter='duckdb' %}
    {% set relation = this.incorporate(type='table') %}
    {% set seldom_repeated = model.config.meta.seldom_repeated %}
    {% if seldom_repeated and not is_delta() %}
        {% do create_compressed(relation, seldom_repeated, model.config.meta.sorted_by) %}
    {% else %}
        {% do create_whole(relation) %}
    {% endif %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{# A table of changed keys: empty in a full refresh, with the columns that its yml declares. #}
{% materialization changed_keys, adapter='duckdb' %}
    {% set relation = this.incorporate(type='table') %}
    {% if is_delta() %}
        {% do create_whole(relation) %}
    {% else %}
        {% call statement('main') %}
            create or replace table {{ relation }} (
                {% for column in model.columns.values() %}{{ column.name }} {{ column.data_type }}{{ ', ' if not loop.last }}{% endfor %}
            )
        {% endcall %}
    {% endif %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{# In a delta: removes all rows of the changed keys and inserts their new ones, which stay apart for those who ask for
   them. A null key is never changed. #}
{% materialization by_key, adapter='duckdb' %}
    {% set relation = this.incorporate(type='table') %}
    {% if is_delta() %}
        {% do keep_earlier(relation) %}
        {% call statement('main') %}
            create or replace table {{ computed_rows(relation) }} as {{ compiled_code }}
        {% endcall %}
        {% do adapter.commit() %}
        {% call statement() %}
            {{ replace_changed_rows(relation, computed_rows(relation)) }}
        {% endcall %}
    {% else %}
        {% do create_whole(relation) %}
    {% endif %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% macro replace_changed_rows(relation, computed) %}
    {% set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
    {% set primary_key = primary_key_of(model) %}
    {% if primary_key %}
        {{ merge_changed_rows(relation, computed, primary_key, columns) }}
    {% else %}
        delete from {{ relation }} where {{ has_changed_key(relation, model) }};
        insert into {{ relation }} ({{ columns | join(', ') }}) select {{ columns | join(', ') }} from {{ computed }}
    {% endif %}
{% endmacro %}


{# The same for a table with a primary key: a row that comes back under its key is updated in place. Deleted and
   inserted again while another thread is at work, DuckDB's index now and then takes it for a duplicate. #}
{% macro merge_changed_rows(relation, computed, primary_key, columns) %}
    {% set others = columns | reject('in', primary_key) | list %}
    {% set conditions = [] %}
    {% for column in primary_key %}
        {% do conditions.append('kept.' ~ column ~ ' = computed.' ~ column) %}
    {% endfor %}
    {% set key = key_list(model.config.meta.key) %}
    delete from {{ relation }} as kept
    where
        ({{ key }}) in (select {{ key }} from {{ model_node(model.config.meta.affected_by).relation_name }})
        and not exists (select * from {{ computed }} as computed where {{ conditions | join(' and ') }});
    merge into {{ relation }} as kept
    using {{ computed }} as computed
        on {{ conditions | join(' and ') }}
    when matched and row({{ prefixed(others, 'kept') }}) is distinct from row({{ prefixed(others, 'computed') }})
        then update set {% for column in others %}{{ column }} = computed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    when not matched then
        insert ({{ columns | join(', ') }}) values ({{ prefixed(columns, 'computed') }})
{% endmacro %}


{% macro prefixed(columns, relation) -%}
    {% for column in columns %}{{ relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}


{# The columns of a model's primary key; none where its yml states none. #}
{% macro primary_key_of(node) %}
    {% for constraint in node.constraints if constraint.type == 'primary_key' %}
        {% do return(constraint.columns) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{# Staging: the rows of the batch, judged together with the earlier rows of the same identity, which they replace. #}
{% materialization staged, adapter='duckdb' %}
    {% set relation = this.incorporate(type='table') %}
    {% if is_delta() %}
        {% set computed = adapter.quote(model.name ~ '__computed') %}
        {% set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | join(', ') %}
        {% call statement('main') %}
            create or replace temp table {{ computed }} as {{ compiled_code }}
        {% endcall %}
        {% call statement() %}
            delete from {{ relation }} where rowid in (select replaced_row from {{ computed }});
            insert into {{ relation }} ({{ columns }}) select {{ columns }} from {{ computed }};
            drop table {{ computed }}
        {% endcall %}
    {% else %}
        {% do create_compressed(relation, raw_source(model.name.removeprefix('stg_')).config.meta.get('seldom_repeated', [])) %}
    {% endif %}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{# Creates a table whose seldom repeated texts are written by zstd: in two thirds of the time, and no larger. Sorted, rows
   that are asked for together lie together, there and in the tables made of it, and times take two thirds of the room. #}
{% macro create_compressed(relation, seldom_repeated, sorted_by=none) %}
    {% set columns = get_column_schema_from_query(compiled_code) %}
    {% call statement('main') %}
        {{ drop_statement(relation) }}
        create table {{ relation }} (
            {%- for column in columns %}
            {{ column.name }} {{ column.dtype }}{{ ' using compression zstd' if column.name in seldom_repeated }}{{ ',' if not loop.last }}
            {%- endfor %}
        );
        insert into {{ relation }} {{ compiled_code }}{{ ' order by ' ~ sorted_by if sorted_by }}
    {% endcall %}
{% endmacro %}


{# A test is one query, in no transaction. #}
{% materialization test, adapter='duckdb' %}
    {% if should_store_failures() %}
        {% do return(materialization_test_default()) %}
    {% endif %}
    {% set limit = config.get('limit') %}
    {% set rows = get_limit_subquery_sql(sql, limit) %}
    {% call statement('main', fetch_result=true, auto_begin=false) %}
        {{ get_test_sql(rows, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit) }}
    {% endcall %}
    {% do return({'relations': []}) %}
{% endmaterialization %}
