-- One row per contact whose statistics this batch may change: by a message that is or was the contact's, by what is
-- known of the contact, or because a segment's last days moved on.
with

moved as (
    select
        min(data_through_at) as moved_from,
        max(data_through_at) as moved_to
    from (
        select data_through_at from {{ ref('build') }}
        union all
        select data_through_at from {{ earlier_copy(ref('build')) }}
    ) as builds
),

-- A contact can leave a segment as the last days move on, by opens and clicks that are now too old, or by deliveries.
passed_by as (
    {%- for happened_at, days in [
        ('last_opened_at', var('engaged_days')), ('last_clicked_at', var('engaged_days')),
        ('delivered_at', var('sunset_days')),
    ] %}
    select messages.contact_id
    from {{ ref('fct_messages') }} as messages
    cross join moved
    where
        messages.{{ happened_at }} between moved.moved_from - interval {{ days }} day
        and moved.moved_to - interval {{ days }} day
    {{ 'union distinct' if not loop.last }}
    {%- endfor %}
),

final as (
    select contact_id
    from {{ ref('changed_counts') }}
    where contact_id is not null
    union distinct
    select contact_id
    from {{ changed('dim_contacts', ['contact_id', 'full_name', 'email', 'is_do_not_disturb']) }}
    union distinct
    select contact_id
    from passed_by
)

select * from final
