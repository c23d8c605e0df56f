{# Whether the tables of the build database are whole and passed every check: raw.build_outcome, one
   row. A failing test leaves the table that it judges already replaced, so without this nobody could
   tell a good build database from a bad one; `email-stats publish` and the readers ask it. #}

{% macro forget_build_outcome() %}
    {% call statement(auto_begin=false) %}
        create or replace table raw.build_outcome (is_passed boolean, reason varchar)
    {% endcall %}
    {% call statement(auto_begin=false) %}
        insert into raw.build_outcome values (false, 'the build has not finished')
    {% endcall %}
{% endmacro %}


{# The nodes of a type that the project has and that aren't among these. Neither dbt's command nor its
   options tell: there are --select, --exclude, --selector, --resource-type, `dbt retry`. #}
{% macro left_out(resource_type, unique_ids) %}
    {% set names = [] %}
    {% for node in graph.nodes.values() if node.resource_type == resource_type and node.unique_id not in unique_ids %}
        {% do names.append(node.name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{# on-run-end: a build passed where all of it was built and tested, by `dbt build`, or by `dbt run` and
   then `dbt test`. #}
{% macro record_build_outcome(results) %}
    {% do adapter.dispatch('record_build_outcome')(results) %}
{% endmacro %}

{% macro duckdb__record_build_outcome(results) %}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'test') %}
        {% set untested = 'its tests have not run: run dbt test' %}
        {% set failed = results | selectattr('status', 'in', ['error', 'fail', 'runtime error', 'skipped', 'partial success'])
            | map(attribute='node') | map(attribute='name') | list %}
        {% set done = results | selectattr('status', 'in', ['success', 'pass', 'warn'])
            | map(attribute='node') | map(attribute='unique_id') | list %}
        {% set models_left_out = left_out('model', done) %}
        {% set is_tested = not left_out('test', done) %}
        {% if not left_out('seed', done) %}
            {% do seeds_are_loaded() %}
        {% endif %}
        {% if failed %}
            {% set reason = 'it did not pass ' ~ failed[:3] | join(', ') ~ (' and ' ~ (failed | length - 3) ~ ' more' if failed | length > 3 else '') %}
        {% elif models_left_out %}
            {% set reason = 'only a part of it was built (' ~ models_left_out | length ~ ' models were left out)' %}
        {% elif not has_its_seeds() %}
            {% set reason = 'a seed changed and was not loaded: run dbt build' %}
        {% elif not is_tested %}
            {% set reason = untested %}
        {% endif %}
        {% if flags.WHICH != 'test' or failed %}
            {% call statement(auto_begin=false) %}
                update raw.build_outcome
                set is_passed = {{ not reason }}, reason = {{ quote_text(reason) if reason else 'null' }}
            {% endcall %}
        {% elif is_tested %}
            {% call statement(auto_begin=false) %}
                update raw.build_outcome
                set is_passed = true, reason = null
                where reason = {{ quote_text(untested) }}
            {% endcall %}
        {% endif %}
        {% do end_batch() %}
        {% if single_value('select is_passed from raw.build_outcome') %}
            {% do empty_batch_tables() %}
        {% endif %}
    {% endif %}
{% endmacro %}
