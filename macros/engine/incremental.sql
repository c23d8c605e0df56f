{# Incremental builds: a batch of new files, the keys that its rows touch, and the rows of these keys.

   Whether a build is a delta (a batch on top of a whole build) or a full refresh is decided once, before
   the first model (macros/batches.sql). In a delta an incremental model computes the rows of the affected
   keys alone, and takes all earlier rows of these keys out. All else is built anew. #}

{# The batch of this build, or of the latest one. #}
{% macro batch() %}
    {% if not execute %}
        {% do return({'number': 0, 'is_delta': false}) %}
    {% endif %}
    {% if not load_relation(api.Relation.create(database=target.database, schema='raw', identifier='batch')) %}
        {% do return({'number': 0, 'is_delta': false}) %}
    {% endif %}
    {% for row in run_query('select number, is_delta from raw.batch').rows %}
        {% do return({'number': row[0], 'is_delta': row[1]}) %}
    {% endfor %}
    {% do return({'number': 0, 'is_delta': false}) %}
{% endmacro %}


{% macro is_delta() %}
    {% do return(batch().is_delta) %}
{% endmacro %}


{# dbt's own question, which makes is_incremental() true in a delta and in nothing else. #}
{% macro should_full_refresh() %}
    {% do return(not is_delta()) %}
{% endmacro %}


{# In the pre_hook of a model that reads these models in a delta only: dbt sees no reference in a branch
   that it doesn't take while it reads the project. Renders nothing. #}
{% macro waits_for(names) -%}
    {%- for name in names -%}{%- do ref(name) -%}{%- endfor -%}
{%- endmacro %}


{# The table of affected keys by which a model is incremental (its config, meta.affected_by). #}
{% macro affected_keys() -%}
    {{ ref(model.config.meta.affected_by) }}
{%- endmacro %}


{# Whether a row bears one of these keys (of one column or more), whose columns bear the same names, or the
   one given. #}
{% macro has_key_of(value, keys, key=none) -%}
    ({{ value }}) in (select {{ key or value }} from {{ keys }})
{%- endmacro %}


{# The same of the rows of a relation. Of a table only the keys are read in whole, all other columns for the
   rows that are found. -- DuckDB only: rowid #}
{% macro is_row_with_key_of(relation, value, keys, key=none) -%}
    {%- set views = graph.nodes.values() | selectattr('config.materialized', 'equalto', 'view') | map(attribute='relation_name') -%}
    {%- if relation | string in views -%}
        {{ has_key_of(value, keys, key) }}
    {%- else -%}
        rowid in (select found.rowid from {{ relation }} as found where {{ has_key_of(value, keys, key) }})
    {%- endif -%}
{%- endmacro %}


{# Whether a row of a relation is of an affected key: true for all rows where everything is built. #}
{% macro is_affected(relation, value, key=none) -%}
    {%- if is_incremental() -%}
        {{ is_row_with_key_of(relation, value, affected_keys(), key) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# The same where to look for the rows first wouldn't pay: many bear the key (a source's, a week's), or a CTE
   computes them. #}
{% macro has_affected_key(value, key=none) -%}
    {{ has_key_of(value, affected_keys(), key) if is_incremental() else 'true' }}
{%- endmacro %}


{# The key by which a model is incremental, as one text: its column, or several. #}
{% macro key_of(node) %}
    {% set key = node.config.unique_key or [] %}
    {% do return(key if key is string else key | join(', ')) %}
{% endmacro %}


{# The condition that a row of a relation, which a model made, bears an affected key, whoever asks; none for
   a model without such keys. #}
{% macro bears_affected_key(relation, node) %}
    {% if not node.config.meta.affected_by %}
        {% do return(none) %}
    {% endif %}
    {% set keys = graph.nodes['model.' ~ project_name ~ '.' ~ node.config.meta.affected_by] %}
    {% do return(is_row_with_key_of(relation, key_of(node), keys.relation_name)) %}
{% endmacro %}


{# The model that a relation is the table of; none where there is none. #}
{% macro model_of(relation) %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.alias == relation.identifier and node.schema == relation.schema %}
        {% do return(node) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{# In a delta, the earlier rows of a staging table that bear the identity of a row that has arrived: they
   are judged anew together. #}
{% macro and_earlier_rows(arrived) -%}
    {%- if is_incremental() -%}
        union all
        select * exclude (verdict, batch_number{{ ', recency_rank, is_latest' if not this.identifier.endswith('_events') }})
        from {{ this }}
        where {{ is_row_with_key_of(this, key_of(model), arrived) }}
    {%- endif -%}
{%- endmacro %}


{# A table as it was before this batch; see keep_earlier. It lies in the table's own database, for one
   transaction writes to one. #}
{% macro earlier(relation) -%}
    {{ relation.replace_path(schema='earlier') }}
{%- endmacro %}


{# The pre_hook of a table by whose changes others are affected. Of an incremental one, the rows of the
   affected keys are enough: the others stay. #}
{% macro keep_earlier() -%}
    {%- if is_delta() -%}
        create or replace table {{ earlier(this) }} as
        select * from {{ this }} where {{ bears_affected_key(this, model) or 'true' }}
    {%- endif -%}
{%- endmacro %}


{# A query of what stands in a table now and not before the batch, or the other way round, by these columns. #}
{% macro changed(relation, columns) -%}
    (
        (
            select {{ columns | join(', ') }} from {{ relation }}
            where {{ bears_affected_key(relation, model_of(relation)) or 'true' }}
            except all
            select {{ columns | join(', ') }} from {{ earlier(relation) }}
        )
        union all
        (
            select {{ columns | join(', ') }} from {{ earlier(relation) }}
            except all
            select {{ columns | join(', ') }} from {{ relation }}
            where {{ bears_affected_key(relation, model_of(relation)) or 'true' }}
        )
    )
{%- endmacro %}


{# The incremental strategy replace_affected: out with all rows of the affected keys, in with their new
   ones. Without a table of affected keys they are those of the new rows. A null key is never affected. #}
{% macro get_incremental_replace_affected_sql(arguments) %}
    {% set target, computed = arguments.target_relation, arguments.temp_relation %}
    {% set columns = arguments.dest_columns | map(attribute='name') | list %}
    {% set is_of_affected_key = has_key_of(key_of(model), affected_keys() if model.config.meta.affected_by else computed) %}
    {% set primary_key = primary_key_of(model) %}
    {% if primary_key %}
        {{ merge_affected(target, computed, is_of_affected_key, primary_key, columns) }}
    {% else %}
        delete from {{ target }}
        where {{ is_of_affected_key }};
        insert into {{ target }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }} from {{ computed }}
    {% endif %}
{% endmacro %}


{# The same of a table with a primary key: a row that comes back under its key is changed where it stands.
   Taken out and put in again, with another thread at work, DuckDB's index now and then holds it for a
   duplicate. #}
{% macro merge_affected(target, computed, is_of_affected_key, primary_key, columns) %}
    {% set others = columns | reject('in', primary_key) | list %}
    {% set conditions = [] %}
    {% for column in primary_key %}
        {% do conditions.append('kept.' ~ column ~ ' = computed.' ~ column) %}
    {% endfor %}
    delete from {{ target }} as kept
    where
        {{ is_of_affected_key }}
        and not exists (select * from {{ computed }} as computed where {{ conditions | join(' and ') }});
    merge into {{ target }} as kept
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


{# What a generic test looks at. In a delta the rows that stayed were tested when they came: only those of
   the affected keys are judged, with all rows of the same key where it is about uniqueness. #}
{% macro get_where_subquery(relation) %}
    {% set conditions = [] %}
    {% if config.get('where') %}
        {% do conditions.append('(' ~ config.get('where') ~ ')') %}
    {% endif %}
    {% if is_delta() %}
        {% set node = model_of(relation) %}
        {% if node and bears_affected_key(relation, node) %}
            {% do conditions.append(bears_affected_key(relation, node)) %}
        {% elif node and node.config.materialized == 'incremental' and 'batch_number' in node.columns %}
            {% set arrived = 'batch_number = ' ~ batch().number %}
            {% do conditions.append(
                is_row_with_key_of(relation, key_of(node), relation ~ ' where ' ~ arrived)
                if model.test_metadata.name.startswith('unique') else arrived
            ) %}
        {% endif %}
    {% endif %}
    {% if conditions %}
        {% do return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as judged_rows') %}
    {% endif %}
    {% do return(relation) %}
{% endmacro %}


{# In a reconciliation: whether a row is of a key that this batch affected; true in a full refresh. #}
{% macro is_of_batch(column, keys) -%}
    {%- set relation = ref(keys) -%}
    {%- if is_delta() -%}
        {{ has_key_of(column, relation, column.split('.') | last) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
