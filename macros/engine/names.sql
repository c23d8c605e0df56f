{# A model's name says where its table is: stg_ is staging, int_ and changed_ are private steps, fct_, dim_ and build
   are core, everything in models/marts is a mart. Readers address core.… and marts.…, in every target. #}
{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {%- if node.resource_type == 'seed' -%} seeds
    {%- elif node.resource_type != 'model' -%} {{ custom_schema_name or target.schema }}
    {%- elif node.name.startswith('stg_') -%} staging
    {%- elif node.name.startswith(('int_', 'changed_')) -%} intermediate
    {%- elif node.fqn[1] == 'marts' -%} marts
    {%- else -%} core
    {%- endif -%}
{%- endmacro %}


{# Publishing copies the target's database, so private tables are in others: what the next increment needs in `steps`,
   what only this build needs in `batch`. #}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {% do return(adapter.dispatch('database_of')(node)) %}
{%- endmacro %}

{% macro duckdb__database_of(node) -%}
    {%- if generate_schema_name(none, node) | trim in ('staging', 'intermediate', 'seeds') -%}
        {{ 'batch' if node.config.materialized in ('batch', 'changed_keys', 'view') else 'steps' }}
    {%- else -%}
        {{ target.database }}
    {%- endif -%}
{%- endmacro %}

{# Spark has schemas alone. #}
{% macro spark__database_of(node) %}
    {% do return(none) %}
{% endmacro %}
