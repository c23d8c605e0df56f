{# What a generic test looks at. In a delta the rows that stayed were tested when they came: only new ones are tested, in
   staging with all rows of the same identity. #}
{% macro get_where_subquery(relation) %}
    {% set node = model_of(relation) if is_delta() else none %}
    {% set rows = relation %}
    {% if node and node.config.materialized == 'by_key' %}
        {% set rows = computed_rows(relation) %}
    {% elif node and node.config.materialized == 'staged' %}
        {% set key = key_list(raw_source(node.name.removeprefix('stg_')).config.meta.identity) %}
        {% set arrived = '(select ' ~ key ~ ' from ' ~ relation ~ ' where batch_number = ' ~ batch().number ~ ')' %}
        {% set rows = rows_with_key(relation, node, key, arrived) %}
    {% endif %}
    {% if config.get('where') %}
        {% do return('(select * from ' ~ rows ~ ' where ' ~ config.get('where') ~ ') as tested_rows') %}
    {% endif %}
    {% do return(rows ~ ' as tested_rows' if rows != relation else relation) %}
{% endmacro %}


{# In a reconciliation: the rows that a delta computed for a by_key table; every row in a full refresh. #}
{% macro new_rows(name) -%}
    {%- set relation = ref(name) -%}
    {{ computed_rows(relation) if is_delta() else relation }}
{%- endmacro %}


{# In a reconciliation: whether a row has a key that this batch changed; true in a full refresh. #}
{% macro is_changed(key, keys) -%}
    {%- set changed = ref(keys) -%}
    {{ is_one_of(key, '(select ' ~ key ~ ' from ' ~ changed ~ ')') if is_delta() else 'true' }}
{%- endmacro %}


{# In a reconciliation of what a batch can't break: every row in a full build, none in a delta. #}
{% macro in_full_build(name) -%}
    {%- set relation = ref(name) -%}
    {{ '(select * from ' ~ relation ~ ' where false)' if is_delta() else relation }}
{%- endmacro %}
