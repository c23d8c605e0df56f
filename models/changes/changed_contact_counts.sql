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

-- The contacts whose segment depends on the last days (macros/rules/contacts.sql).
earlier_segments as (
    select
        contact_id,
        segment,
        last_opened_at,
        last_clicked_at
    from {{ before('contact_engagement') }}
    where {{ is_decided_by_engaged_days('segment') }}
),

-- By an open or click that is now too old.
no_longer_engaged as (
    select earlier_segments.contact_id
    from earlier_segments
    cross join moved
    where
        earlier_segments.last_opened_at between moved.moved_from - interval {{ var('engaged_days') }} day
        and moved.moved_to - interval {{ var('engaged_days') }} day
        or earlier_segments.last_clicked_at between moved.moved_from - interval {{ var('engaged_days') }} day
        and moved.moved_to - interval {{ var('engaged_days') }} day
),

-- By deliveries that are now too old, where no recent open or click decides.
delivered_then as (
    select messages.contact_id
    from {{ ref('fct_messages') }} as messages
    cross join moved
    where
        messages.delivered_at between moved.moved_from - interval {{ var('sunset_days') }} day
        and moved.moved_to - interval {{ var('sunset_days') }} day
        and messages.contact_id in (
            select earlier_segments.contact_id
            from earlier_segments
            where {{ is_decided_by_sunset_days('earlier_segments.segment') }}
        )
),

evidence as (
    select
        messages.contact_id,
        {{ sunset_counts('messages', 'build.data_through_at') }}
    from {{ ref('fct_messages') }} as messages
    cross join {{ ref('build') }} as build
    where
        messages.contact_id in (select delivered_then.contact_id from delivered_then)
        and not messages.is_test
    group by messages.contact_id
),

sunset_or_no_longer as (
    select evidence.contact_id
    from evidence
    inner join earlier_segments on evidence.contact_id = earlier_segments.contact_id
    where {{ is_to_be_sunset('evidence') }} <> (earlier_segments.segment = 'sunset')
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
    from no_longer_engaged
    union distinct
    select contact_id
    from sunset_or_no_longer
)

select * from final
