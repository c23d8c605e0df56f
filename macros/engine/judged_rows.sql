{# What a generic test looks at. In a delta the rows that stayed were tested when they came: only those of the changed
   keys are judged, with all rows of the same key where it is about uniqueness. #}
{% macro get_where_subquery(relation) %}
    {% set conditions = [] %}
    {% if config.get('where') %}
        {% do conditions.append('(' ~ config.get('where') ~ ')') %}
    {% endif %}
    {% set node = model_of(relation) if is_delta() else none %}
    {% if node and node.config.materialized == 'by_key' %}
        {% do conditions.append(has_changed_key(relation, node)) %}
    {% elif node and node.config.materialized == 'staged' %}
        {% set arrived = 'batch_number = ' ~ batch().number %}
        {% if model.test_metadata.name in ('keyed', 'unique_by_hash') %}
            {% set key = key_list(raw_source(node.name.removeprefix('stg_')).config.meta.identity) %}
            {% do conditions.append(
                has_key(relation, node, key, '(select ' ~ key ~ ' from ' ~ relation ~ ' where ' ~ arrived ~ ')')
            ) %}
        {% else %}
            {% do conditions.append(arrived) %}
        {% endif %}
    {% endif %}
    {% if conditions %}
        {% do return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as judged_rows') %}
    {% endif %}
    {% do return(relation) %}
{% endmacro %}


{# In a reconciliation: whether a row has a key that this batch changed; true in a full refresh. #}
{% macro is_changed(key, keys) -%}
    {%- set changed = ref(keys) -%}
    {{ '(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ changed ~ ')' if is_delta() else 'true' }}
{%- endmacro %}


{# In a reconciliation of what a batch can't break: every row in a full build, none in a delta. #}
{% macro in_full_build(name) -%}
    {%- set relation = ref(name) -%}
    {{ '(select * from ' ~ relation ~ ' where false)' if is_delta() else relation }}
{%- endmacro %}
