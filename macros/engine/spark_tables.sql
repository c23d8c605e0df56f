{# How tables are written on Spark (on DuckDB: macros/engine/materializations.sql). Each build writes into a folder of its
   own, so that nobody who reads the last one sees it half replaced; an increment's begins with the last one's Delta files. Keys and constraints aren't enforced there:
   the tests look, and the published DuckDB file enforces them. #}

{# Of the build at work: number, is_delta, folder (where its tables are) and format; from `email-stats build`. #}
{% macro spark_build() %}
    {% do return(fromjson(env_var('EMAIL_STATS_SPARK_BUILD', '{"number": 0, "is_delta": false}'))) %}
{% endmacro %}

{% macro spark__read_batch() %}
    {% do return(spark_build()) %}
{% endmacro %}


{# DuckDB's word for text needs a length there. #}
{% macro spark_type(data_type) -%}
    {{ data_type | replace('varchar', 'string') }}
{%- endmacro %}


{% macro spark_create(relation, query) %}
    {% set build = spark_build() %}
    {% call statement('main') %}
        drop table if exists {{ relation }}
    {% endcall %}
    {% call statement('main') %}
        create table {{ relation }}
        using {{ build.format }}
        location '{{ build.folder }}/{{ relation.schema }}/{{ relation.identifier }}'
        as {{ query }}
    {% endcall %}
{% endmacro %}


{% macro spark__computed_rows(relation) %}
    {% do return(relation.incorporate(path={'identifier': relation.identifier ~ '__computed'}, type='table')) %}
{% endmacro %}


{# In an increment: removes all rows that have one of these keys (a query) and inserts the model's rows. By a merge, for
   not every Delta takes a subquery in a delete. A null key is never changed. #}
{% macro spark_replace(relation, key, keys) %}
    {% set computed = computed_rows(relation) %}
    {% set columns = run_query('select * from ' ~ relation ~ ' limit 0').column_names | join(', ') %}
    {% set conditions = [] %}
    {% for column in key %}
        {% do conditions.append('kept.' ~ column ~ ' = replaced.' ~ column) %}
    {% endfor %}
    {% do spark_create(computed, compiled_code) %}
    {% call statement() %}
        merge into {{ relation }} as kept
        using (select distinct {{ key | join(', ') }} from ({{ keys }}) as keyed) as replaced
            on {{ conditions | join(' and ') }}
        when matched then delete
    {% endcall %}
    {% call statement() %}
        insert into {{ relation }} ({{ columns }}) select {{ columns }} from {{ computed }}
    {% endcall %}
{% endmacro %}


{# `email-stats build` opens compared tables as the last build left them, whole. #}
{% macro spark__rows_before(relation) -%}
    {{ earlier_copy(relation) }} where {{ has_changed_key(relation, model_of(relation)) or 'true' }}
{%- endmacro %}


{% materialization table, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {% do spark_create(relation, compiled_code) %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization batch, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {% do spark_create(relation, compiled_code) %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization view, adapter='spark' %}
    {% set relation = this.incorporate(type='view') %}
    {% call statement('main') %}
        create or replace view {{ relation }} as {{ compiled_code }}
    {% endcall %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization changed_keys, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {% set nothing %}
        select
            {%- for column in model.columns.values() %}
            cast(null as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}
        where false
    {% endset %}
    {% do spark_create(relation, compiled_code if is_delta() else nothing) %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization by_key, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {{ run_hooks(pre_hooks) }}
    {% if is_delta() %}
        {% set key = model.config.meta.key %}
        {% set keys = 'select ' ~ key_list(key) ~ ' from ' ~ model_node(model.config.meta.affected_by).relation_name %}
        {% do spark_replace(relation, [key] if key is string else key, keys) %}
    {% else %}
        {% do spark_create(relation, compiled_code) %}
    {% endif %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{% materialization staged, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {% if is_delta() %}
        {% set key = raw_source(model.name.removeprefix('stg_')).config.meta.identity %}
        {% do spark_replace(relation, key, 'select ' ~ key_list(key) ~ ' from ' ~ computed_rows(relation) ~ ' where replaced_row is not null') %}
    {% else %}
        {% do spark_create(relation, compiled_code) %}
    {% endif %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{# Whom a contact meets: in each step on twice as long a way, until no step adds anything. Cycles end like chains. #}
{% macro spark__follow_pointers() %}
    {% set found = namespace(pairs=-1, is_done=false) %}
    {% for step in range(64) if not found.is_done %}
        {% set met = this.incorporate(path={'identifier': this.identifier ~ '__met_' ~ step}, type='table') %}
        {% set last = this.incorporate(path={'identifier': this.identifier ~ '__met_' ~ (step - 1)}) %}
        {% set pairs %}
            {%- if not step %}
            select contact_id, merged_into_contact_id as met_contact_id
            from ({{ merge_pointers(ref('stg_contacts')) }}) as pointers
            {%- else %}
            select contact_id, met_contact_id from {{ last }}
            union distinct
            select near.contact_id, far.met_contact_id
            from {{ last }} as near
            inner join {{ last }} as far on near.met_contact_id = far.contact_id
            {%- endif %}
        {% endset %}
        {% do spark_create(met, pairs) %}
        {% set pairs_now = run_query('select count(*) from ' ~ met).rows[0][0] %}
        {% set found.is_done = pairs_now == found.pairs %}
        {% set found.pairs = pairs_now %}
        {% do run_query('create or replace view ' ~ this ~ '__followed as select * from ' ~ met) %}
    {% endfor %}
{% endmacro %}

{% macro spark__followed_contacts() -%}
    select
        contact_id,
        met_contact_id
    from {{ this }}__followed
{%- endmacro %}


{# A seed's rows as literals: dbt-spark's session method quotes no apostrophe, and writes None for a null. #}
{% materialization seed, adapter='spark' %}
    {% set relation = this.incorporate(type='table') %}
    {% set table = load_agate_table() %}
    {% do store_result('agate_table', response='OK', agate_table=table) %}
    {% set types = config.get('column_types', {}) %}
    {% set rows %}
        select
            {%- for name in table.column_names %}
            cast(column_{{ loop.index }} as {{ spark_type(types[name]) }}) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from values
        {%- for row in table.rows %}
        ({% for value in row %}{{ 'null' if value is none else quote_text(value | string) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
        as rows ({% for name in table.column_names %}column_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %})
    {% endset %}
    {% do spark_create(relation, rows) %}
    {% do return({'relations': [relation]}) %}
{% endmaterialization %}


{# on-run-start: runs the statements that open the raw lake, which `email-stats build` wrote beside the tables. #}
{% macro spark__open_raw_lake() %}
    {% if execute and flags.WHICH == 'build' %}
        {% set folder = spark_build().get('folder') %}
        {% if not folder %}
            {% do exceptions.raise_compiler_error(
                'A build on Spark or Sail is started by `email-stats build --target ' ~ target.name ~ '`, which opens the raw lake for it.'
            ) %}
        {% endif %}
        {% for row in run_query('select statement from parquet.`' ~ folder ~ '/raw/opening` order by number').rows %}
            {% do run_query(row[0]) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{# `email-stats build` records the outcome itself. #}
{% macro spark__record_build_outcome(results) %}{% endmacro %}
