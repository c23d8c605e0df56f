-- Every message that an event, a conversion or a credit names is in fct_messages. One test for all, because looking
-- them up there costs more than all the rest.
with

named as (
    {%- for table in ['fct_engagement_events', 'fct_conversions', 'fct_attribution_credits'] %}
    select
        '{{ table }}' as table_name,
        message_id
    from {{ new_rows(table) }}
    where message_id is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select named.*
from named
anti join {{ ref('fct_messages') }} as messages on named.message_id = messages.message_id
