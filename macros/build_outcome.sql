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


{# on-run-end: a build passed where all of it was built and tested, by `dbt build`, or by `dbt run` and
   then `dbt test`. #}
{% macro record_build_outcome(results) %}
    {% if execute and flags.WHICH in ('build', 'run', 'test') %}
        {% set untested = 'its tests have not run: run dbt test' %}
        {% set failed = results | selectattr('status', 'in', ['error', 'fail', 'runtime error', 'skipped', 'partial success'])
            | map(attribute='node') | map(attribute='name') | list %}
        {% set is_partial = invocation_args_dict.select or invocation_args_dict.exclude %}
        {% if failed %}
            {% set reason = 'it did not pass ' ~ failed[:3] | join(', ') ~ (' and ' ~ (failed | length - 3) ~ ' more' if failed | length > 3 else '') %}
        {% elif is_partial %}
            {% set reason = 'only a part of it was built (--select or --exclude)' %}
        {% elif flags.WHICH == 'run' or 'test' in invocation_args_dict.get('exclude_resource_types', []) | map('string') | list %}
            {% set reason = untested %}
        {% endif %}
        {% if flags.WHICH != 'test' or failed %}
            {% call statement(auto_begin=false) %}
                update raw.build_outcome
                set is_passed = {{ not reason }}, reason = {{ quote_text(reason) if reason else 'null' }}
            {% endcall %}
        {% elif not is_partial %}
            {% call statement(auto_begin=false) %}
                update raw.build_outcome
                set is_passed = true, reason = null
                where reason = {{ quote_text(untested) }}
            {% endcall %}
        {% endif %}
        {% do end_batch() %}
    {% endif %}
{% endmacro %}
