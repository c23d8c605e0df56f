{# The batch of a build: the new files of the lake, the keys that their rows change, and the rows of these keys.

   A build is a full refresh or a delta: an increment, a batch on top of a whole build. That is decided once, before
   the first model (macros/engine/manifest.sql). A model is built in one of these ways:

     staged        staging; a delta adds the rows of the new files, judged with earlier rows of the same identity,
     changed_keys  the tables of models/changes; a delta finds the keys, in a full refresh they are empty,
     batch         private tables that only this build needs: in a delta the rows of changed keys, in a full refresh
                   all rows; emptied, like the changed keys, once the build has passed,
     by_key        a delta computes the rows of the changed keys, in the schema batch.computed, and replaces the
                   earlier ones,
     table         built whole each time.

   dbt_project.yml says what a model's keys are: `affected_by`, a table of models/changes, and `key`.

   The word batch also names the database of what only this build needs (its views, `batch` and `changed_keys`), the
   table raw.batch (the build at work, or the latest one) and the macro batch(), which reads it. #}

{# The number of this build, or of the latest one, and whether it is a delta. It is asked for many times and looked up
   once: `graph` is the one thing that all nodes of a run share. #}
{% macro batch() %}
    {% if not execute %}
        {% do return({'number': 0, 'is_delta': false}) %}
    {% endif %}
    {% if 'batch' not in graph %}
        {% do graph.update({'batch': adapter.dispatch('read_batch')()}) %}
    {% endif %}
    {% do return(graph['batch']) %}
{% endmacro %}

{% macro duckdb__read_batch() %}
    {% if load_relation(api.Relation.create(database=target.database, schema='raw', identifier='batch')) %}
        {% for row in run_query('select number, is_delta from raw.batch').rows %}
            {% do return({'number': row[0], 'is_delta': row[1]}) %}
        {% endfor %}
    {% endif %}
    {% do return({'number': 0, 'is_delta': false}) %}
{% endmacro %}


{% macro is_delta() %}
    {% do return(execute and model.resource_type != 'unit_test' and batch().is_delta) %}
{% endmacro %}


{% macro model_node(name) %}
    {% do return(graph.nodes['model.' ~ project_name ~ '.' ~ name]) %}
{% endmacro %}


{# The model whose table a relation is, or none. #}
{% macro model_of(relation) %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.alias == relation.identifier and node.schema == relation.schema %}
        {% do return(node) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{# The columns of a key, as in a select list. #}
{% macro key_list(key) -%}
    {{ key if key is string else key | join(', ') }}
{%- endmacro %}


{# A model's input: in an increment the rows that have the reading model's changed keys, otherwise (in unit tests too)
   every row. `by` names the input's column where it isn't called as the key, `week_of` its day, where the key is a week,
   `part` the one column of the key by which the input is read, `columns` those that are read, where the input is kept in
   a table that lacks others. #}
{% macro affected(name, by=none, columns=none, week_of=none, part=none) -%}
    {%- set relation = ref(name) -%}
    {%- if not execute and model.resource_type != 'unit_test' -%}
        {%- do ref(model.config.meta.affected_by) -%}
    {%- endif -%}
    {%- if is_delta() -%}
        {%- set reader, read = model.config.meta, model_node(name) -%}
        {%- set key = week_of or by or part or key_list(reader.key) -%}
        {%- set changed = '(select ' ~ (part or key_list(reader.key)) ~ ' from ' ~ ref(reader.affected_by) ~ ')' -%}
        {%- set changed = days_of_weeks(changed) if week_of else changed -%}
        {%- if read.config.materialized not in ('batch', 'view') -%}
            {{ rows_of_changed(relation, read, key, reader.affected_by, changed) }}
        {%- elif read.config.meta.affected_by == reader.affected_by -%}
            {{ relation }}
        {%- else -%}
            {{ batch_and_kept_rows(relation, read, key, changed, columns) }}
        {%- endif -%}
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}


{# The days of weeks (a subquery of Mondays). By days an engine passes over the parts of a table that have none of them,
   by the week of a day it can't. #}
{% macro days_of_weeks(weeks) -%}
    (
        {%- for days in range(7) %}
        select cast(week + interval '{{ days }}' day as date) as day from {{ weeks }} as weeks
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# The rows of a table that have one of the keys of a table of changed keys: where they are the table's own, the rows that
   this delta computed. #}
{% macro rows_of_changed(relation, node, key, changed_by, keys) -%}
    {%- set own = node.config.meta -%}
    {%- if node.config.materialized == 'by_key' and own.affected_by == changed_by and key_list(own.key) == key -%}
        {{ computed_rows(relation) }}
    {%- else -%}
        {{ rows_with_key(relation, node, key, keys) }}
    {%- endif -%}
{%- endmacro %}


{# Where a delta computes the new rows of a by_key table, and leaves them for those who ask for them: to find them again
   in a large table costs more than the rest of most readers. #}
{% macro computed_rows(relation) %}
    {% do return(adapter.dispatch('computed_rows')(relation)) %}
{% endmacro %}

{% macro duckdb__computed_rows(relation) %}
    {% do return(relation.replace_path(database='batch', schema='computed')) %}
{% endmacro %}


{# The rows of a model's table that have one of these keys (a subquery); with `rowid_as`, their row ids too. #}
{% macro rows_with_key(relation, node, key, keys, rowid_as=none) -%}
    {{ adapter.dispatch('rows_with_key')(relation, node, key, keys, rowid_as) }}
{%- endmacro %}

{# By the hash of the key where there is one: 32 bits are compared five times as fast as a text, and nearly always say
   enough. The rows found are kept, so that their texts are read after them. `offset 0` keeps the reader's own conditions
   away from the rows that haven't the key: DuckDB would look there first. #}
{% macro duckdb__rows_with_key(relation, node, key, keys, rowid_as) -%}
    {%- set columns = '*, rowid as ' ~ rowid_as if rowid_as else '*' -%}
    {%- if key in hashed_columns(node) -%}
        (
            with candidates as materialized (
                select hashed.rowid from {{ relation }} as hashed
                where hashed.{{ key }}_hash in (select {{ key_hash(key) }} from {{ keys }} as keyed)
            ),
            found as materialized (
                select {{ columns }} from {{ relation }} where rowid in (select candidates.rowid from candidates)
            )
            select * from found where {{ key }} in {{ keys }}
        )
    {%- else -%}
        (
            select {{ columns }} from {{ relation }} where {{ has_key(relation, node, key, keys) }}
            {{- ' offset 0' if not model.config.meta.is_shared_key }}
        )
    {%- endif -%}
{%- endmacro %}


{# The condition that a row has one of these keys. Of a large table only the keys are read whole, all other columns for
   the rows found. Where many rows share a key (a source's messages) that wouldn't pay. The rows found are materialized:
   otherwise DuckDB guesses that they are many, and may join the other way round, with the whole table in memory. #}
{% macro has_key(relation, node, key, keys) -%}
    {{ adapter.dispatch('has_key')(relation, node, key, keys) }}
{%- endmacro %}

{% macro duckdb__has_key(relation, node, key, keys) -%}
    {%- if model.config.meta.is_shared_key -%}
        {{ is_one_of(key, keys) }}
    {%- else -%}
        rowid in (
            with found as materialized (select rowid from {{ relation }} where ({{ key }}) in {{ keys }})
            select found.rowid from found
        )
    {%- endif -%}
{%- endmacro %}


{# The condition that a row of a large table has one of these keys, where many rows share each. #}
{% macro is_one_of(key, keys) -%}
    {{ adapter.dispatch('is_one_of')(key, keys) }}
{%- endmacro %}

{% macro duckdb__is_one_of(key, keys) -%}
    ({{ key }}) in {{ (few_texts(keys) if ',' not in key) or keys }}
{%- endmacro %}


{# Up to 1,000 texts of a subquery as a list of literals, with which DuckDB reads a table in half of the time; none where
   they are more, or no texts. #}
{% macro few_texts(keys) %}
    {% do return(single_value(
        "select case when count(*) <= 1000 and not bool_or(contains(text, chr(0)))"
        ~ " then '(' || string_agg('''' || replace(text, '''', '''''') || '''', ', ' order by text) || ')' end"
        ~ " from (select distinct cast(key as varchar) as text from " ~ keys ~ " as keyed (key) where typeof(key) = 'VARCHAR')"
    )) %}
{% endmacro %}


{# The columns of a model that have a hash beside them, by which their rows are found. #}
{% macro hashed_columns(node) %}
    {% if not node.name.startswith('stg_') %}
        {% do return([]) %}
    {% endif %}
    {% do return(raw_source(node.name.removeprefix('stg_')).config.meta.get('looked_up_by', [])) %}
{% endmacro %}


{# The rows of a batch table and, of keys that it doesn't hold, those that an earlier build left in the table where
   they are kept (`kept_in`, which has the columns that are read). #}
{% macro batch_and_kept_rows(relation, node, key, keys, columns) -%}
    {%- set columns = (columns or adapter.get_columns_in_relation(relation) | map(attribute='name')) | join(', ') -%}
    {%- set kept = model_node(node.config.meta.kept_in) -%}
    {%- if kept.name == model.name -%}
        {%- set rows = '(select * from ' ~ kept.relation_name ~ ' where ' ~ has_changed_key(kept.relation_name, kept) ~ ')' -%}
    {%- else -%}
        {%- set rows = rows_with_key(kept.relation_name, kept, key, keys) -%}
    {%- endif -%}
    (
        select {{ columns }} from {{ relation }} where ({{ key }}) in {{ keys }}
        union all
        select {{ columns }} from {{ rows }} where {{ is_not_in_batch(node) }}
    )
{%- endmacro %}


{# A model's input: every row of a batch table, of this build and of all earlier ones. #}
{% macro every_row(name, columns) -%}
    {%- set relation = ref(name) -%}
    {%- if is_delta() -%}
        {%- set node = model_node(name) -%}
        (
            select {{ columns | join(', ') }} from {{ relation }}
            union all
            select {{ columns | join(', ') }} from {{ model_node(node.config.meta.kept_in).relation_name }}
            where {{ is_not_in_batch(node) }}
        )
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}


{% macro is_not_in_batch(node) -%}
    {%- set key = node.config.meta.key -%}
    {{ key }} not in (select {{ key }} from {{ model_node(node.config.meta.affected_by).relation_name }})
{%- endmacro %}


{# In models/changes: the rows of a staging table that this build computed. #}
{% macro batch_rows(name) -%}
    {%- set relation = ref(name) -%}
    (select * from {{ relation }} where batch_number = {{ batch().number }})
{%- endmacro %}


{# In models/changes: the rows of a table that have one of these keys (a subquery); every row in a full refresh. #}
{% macro rows_of(name, key, keys) -%}
    {%- set relation = ref(name) -%}
    {{ rows_with_key(relation, model_node(name), key, keys) if is_delta() else relation }}
{%- endmacro %}


{# In models/changes and tests: the same, of the keys that a table of changed keys has. #}
{% macro of_changed(name, key, keys) -%}
    {%- set relation, changed = ref(name), ref(keys) -%}
    {%- if is_delta() -%}
        {{ rows_of_changed(relation, model_node(name), key, keys, '(select ' ~ key ~ ' from ' ~ changed ~ ')') }}
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}


{# In models/changes: x as the last build left it. It is x's plain name, not ref(), because x is built after this model
   (test_boundaries.py checks it). #}
{% macro before(name) -%}
    {%- if execute -%}{{ model_node(name).relation_name }}{%- endif -%}
{%- endmacro %}


{# In models/changes: the rows that a table (`is_compared` in dbt_project.yml) has now and didn't have before the
   batch, or the other way round, by these columns. #}
{% macro changed(name, columns) -%}
    {%- set relation = ref(name) -%}
    {%- if execute -%}
    {%- set node = model_node(name) -%}
    {%- set now -%}
        select {{ columns | join(', ') }}
        from {{ computed_rows(relation) if node.config.materialized == 'by_key' else relation }}
    {%- endset -%}
    {%- set earlier -%}
        select {{ columns | join(', ') }} from {{ rows_before(relation) }}
    {%- endset -%}
    (
        ({{ now }} except all {{ earlier }})
        union all
        ({{ earlier }} except all {{ now }})
    )
    {%- endif -%}
{%- endmacro %}


{# The condition that a row of a by_key table has one of its own changed keys, whoever asks; none for other tables. Where
   the changed keys say more of a row as it was (`found_by`), it is found by that too: by the time of a message's first
   send in a quarter of the time that its id alone takes, because messages lie in the order of their emails and times. #}
{% macro has_changed_key(relation, node) %}
    {% if node.config.materialized != 'by_key' %}
        {% do return(none) %}
    {% endif %}
    {% set key = key_list(node.config.meta.get('found_by', node.config.meta.key)) %}
    {% set keys = '(select ' ~ key ~ ' from ' ~ model_node(node.config.meta.affected_by).relation_name ~ ')' %}
    {% do return(has_key(relation, node, key, keys)) %}
{% endmacro %}


{# A compared table as it was before the batch, or its rows of the changed keys: what follows `from`. #}
{% macro rows_before(relation) -%}
    {{ adapter.dispatch('rows_before')(relation) }}
{%- endmacro %}

{% macro duckdb__rows_before(relation) -%}
    {{ earlier_copy(relation) }}
{%- endmacro %}


{# The same as a table. It is in the table's own database,
   because a transaction writes to one. #}
{% macro earlier_copy(relation) -%}
    {{ relation.replace_path(schema='earlier') }}
{%- endmacro %}
