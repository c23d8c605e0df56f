{# A model's name says where it lies: stg_ and int_ are private steps, fct_, dim_ and build are core, everything
   in models/marts is a mart. Readers address core.… and marts.…, in every target. #}

{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {%- if node.resource_type == 'seed' -%} seeds
    {%- elif node.resource_type != 'model' -%} {{ custom_schema_name or target.schema }}
    {%- elif node.name.startswith('stg_') -%} staging
    {%- elif node.name.startswith('int_') -%} intermediate
    {%- elif node.fqn[1] == 'marts' -%} marts
    {%- else -%} core
    {%- endif -%}
{%- endmacro %}


{# Private steps and seeds lie in a database of their own, so that publishing is to copy the other one. #}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ 'steps' if generate_schema_name(none, node) | trim in ('staging', 'intermediate', 'seeds') else target.database }}
{%- endmacro %}
