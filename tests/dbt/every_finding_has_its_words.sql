-- What a row of the seed says can be said: its check exists, and its placeholders and what it affects are known.
with

pieces as (
    {%- for place in range(1, most_placeholders() + 2) %}
    select
        check_name,
        finding,
        affected,
        text,
        {{ place }} as place,
        split_part(split_part('}' || text, '{', {{ place }}), '}', 1) as placeholder
    from {{ ref('diagnostics') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    check_name,
    finding,
    placeholder
from pieces
where
    check_name not in (
        {%- for name in checks() %}
        '{{ name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
    or affected not in (
        {%- for name in evidence_counts() %}
        '{{ name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
    or placeholder not in (
        {%- for name in evidence_names() %}
        '{{ name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
    or length(text) - length(replace(text, '{', '')) > {{ most_placeholders() }}
